"""The form of every place, kind by kind: what a channel can never take is refused when the config is read, in words."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.channels import AnyChannel
from bot.config import ConfigError, load

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # in one of Apprise's services

BEFORE = """\
services:
  x:
    routes: {web: {kind: http, url: "https://x.example/"}}
channels:
  console: {}"""
ACCOUNTS = """
  slack: {bot_token: t}
  telegram: {token: t}
  discord: {token: t}
  email: {server: "smtp://h", from: a@b.example}
  webhook: {}
  apprise: {}
"""
RIGHTS = {
    "slack": ["C012AB3CD", "G012", "D012", "U012", "W012", "#newsroom", "#ñandú-1", "#日本"],
    "telegram": ["-1001234567890", "4242", "-1001234567890/45", "@ourchannel", "@ourchannel/5"],
    "discord": ["112233445566778899", "21154535154122752", "@112233445566778899"],
    "email": ["ana@example.org", "Ana <ana@example.org>", "josé@example.org", "ana@exämple.org", "用户@例え.jp", "ana@mail",
              "ana@[127.0.0.1]", "o'hara+x@example.org"],
    "webhook": ["https://h/p", "http://10.0.0.1:8080/x?k=1", "https://[::1]/", "https://é.org/"],
    "apprise": ["json://h/x", "ntfy://topic"],
    "console": ["-"],
}  # fmt: skip
WRONG = {
    "slack": ["newsroom", "@ana", "c012ab3cd", "#News", "#news room", "#", "B012", "S012", "C012/1503.2", "<#C012|news>",
              "https://x.slack.com/archives/C012", "https://hooks.slack.com/services/T/B/x"],
    "telegram": ["ourchannel", "@ab", "@1abc", "@our channel", "@" + "a" * 40, "0", "-0", "+34600000000", "t.me/ours",
                 "https://t.me/ours", "-100 123", "-100/-1", "-100/", "9" * 17, "٤٢", "1e9"],
    "discord": ["1", "112233", "1234567890123456", "9" * 20, "0112233445566778899", "#general", "general", "@ana",
                "<#112233445566778899>", "https://discord.com/channels/1/2", "-112233445566778899"],
    "email": ["ana", "ana@", "@example.org", "ana @example.org", "ana@ example.org", "ana@@example.org", "a@b@c.example",
              "a@b.example, c@d.example", "mailto:ana@example.org", ".ana@example.org", "a..b@example.org", "ana@example..org",
              "ana@example.org.", "ana@-example.org", "ana@example-.org", "a" * 65 + "@example.org", "é" * 40 + "@example.org",
              "ana@" + ".".join(["x" * 60] * 5), "ana@" + "x" * 64 + ".org", "ana@exam!ple.org", "ana@example.org>"],
    "webhook": ["h/p", "//h/p", "ftp://h/", "https://", "https:///p", "https://h:99999/", "https://h:0/", "https://[::1",
                "https://exa mple/", "https://h/a b", "https://h..x/", "https://h/" + "x" * 2001],
    "apprise": ["x", "nosuch://x", "json:/h", "json://", "slack://", "tgram://x"],
    "console": [],
}  # fmt: skip
WORDS = {
    "slack": "is no place in Slack; expected",
    "telegram": "is no place in Telegram; expected",
    "discord": "is no channel of Discord; expected",
    "email": "is no e-mail address; expected",
    "webhook": "is no address that can be asked; expected",
    "apprise": "Apprise",
}
KINDS = [kind.model_fields["kind"].default for kind in get_args(AnyChannel)]


def written(tmp_path, section):
    path = tmp_path / "config.yaml"
    path.write_text(BEFORE + ACCOUNTS + section, encoding="utf-8")
    path.chmod(0o600)
    return path


def quoted(kind, places):
    return ", ".join("'" + f"{kind}:{place}".replace("'", "''") + "'" for place in places)


@pytest.mark.hardened(
    "T22", "places of every kind of channel, right and wrong, wherever one may stand", "the wrong refused"
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "where", ["audiences: {d: {broadcast: [%s]}}", "audiences: {d: {ladder: [%s]}}",
              "audiences: {d: {ladder: ['console:-'], escalate: [{after: 5m, to: [%s]}]}}",
              "digests: {d: {to: [%s], when: '8:00'}}", "rooms: [%s]"],
)  # fmt: skip
def test_the_form_of_every_place_is_held(tmp_path, kind, where):
    if where.startswith("rooms") and kind not in {"slack", "telegram", "discord"}:
        return  # nobody talks there
    rest = "" if where.startswith("audiences") else "audiences: {desk: {broadcast: ['console:-']}}\n"
    assert load(written(tmp_path, rest + where % quoted(kind, RIGHTS[kind]) + "\n"))
    if not WRONG[kind]:
        return
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, rest + where % quoted(kind, WRONG[kind]) + "\n"))
    lines = str(refused.value).splitlines()
    assert len(lines) == len(WRONG[kind]), lines
    assert all(WORDS[kind] in line for line in lines)
    assert [place for place in WRONG[kind] if len(place) > 12 and place in str(refused.value)] == []


def test_every_kind_of_channel_is_in_the_tables():
    assert set(KINDS) == set(RIGHTS) == set(WRONG)


@pytest.mark.parametrize(
    "admin", ["slack:U01", "slack:T01", "slack:T01/", "slack:T/U", "telegram:@ana", "telegram:0", "telegram:-1",
              "discord:ana", "discord:9999", "email:ana"]
)  # fmt: skip
def test_admins_are_people_by_their_ids(tmp_path, admin):
    with pytest.raises(ConfigError, match=r"names nobody|is no e-mail address"):
        load(written(tmp_path, f"audiences: {{d: {{broadcast: ['console:-']}}}}\nadmins: ['{admin}']\n"))
