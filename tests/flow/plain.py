"""The config of the tests: what an operator would write, with addresses of the fakes and a beat quick enough for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.mail import SENDER

if TYPE_CHECKING:
    from tests.flow.house import World

ROUTES = ("web", "app", "TweetDeck")
HEARTBEAT = "/ping/heartbeat-secret-77b1"
GROUP, CHANNEL, DESK = "-100123", "112233445566778899", "desk@example.org"
ADMIN = 4242  # on Telegram


def plain_config(street: World) -> dict[str, Any]:
    site = street.site
    return {
        "timezone": street.zone,
        "clock": "12h",
        "database": f"sqlite:///{street.folder}/tocsin.db",
        "web": {"listen": f"127.0.0.1:{street.port}", "title": "Example Daily status"},
        "heartbeat": {"url": "${HEARTBEAT_URL}", "every": "1s"},
        "canaries": [site.url("/canary")],
        "admins": [f"telegram:{ADMIN}"],
        "defaults": {"every": "0.5s", "confirm_every": "0.3s", "timeout": "2s"},
        "services": {
            "x": {
                "name": "X (Twitter)",
                "routes": {route: {"kind": "http", "url": site.url(f"/{route}")} for route in ROUTES},
                "plan": "Breaking news goes to Telegram @newsroom and to the site banner.",
            },
            "banner": {"name": "Site banner", "routes": {"web": {"kind": "http", "url": site.url("/banner")}}},
        },
        "channels": {
            "slack": {
                "bot_token": "${SLACK_BOT_TOKEN}",
                "app_token": "${SLACK_APP_TOKEN}",
                "api_url": street.slack.url,
            },
            "discord": {
                "token": "${DISCORD_TOKEN}",
                "api_url": street.discord.url,
                "gateway_url": street.discord.gateway_url,
            },
            "telegram": {"token_file": "telegram.token", "api_url": street.telegram.url},
            "email": {
                "server": street.relay.url,
                "password_file": "mail.password",
                "security": "none",
                "from": SENDER,
            },
            "webhook": {},
        },
        "audiences": {
            "desk": {"broadcast": ["slack:#newsroom", f"telegram:{GROUP}", f"email:{DESK}"]},
            "madrid": {"broadcast": [f"discord:{CHANNEL}"], "language": "es", "clock": "24h"},
            "machines": {"broadcast": [f"webhook:{street.hook.url}hook/${{HOOK_TOKEN}}"]},
        },
    }
