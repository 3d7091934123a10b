"""What is written for people is true: every key, command and sentence that the docs name is the program's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from ruamel.yaml import YAML

from bot import config as settings
from bot import wording
from bot.channels import slack, webhook
from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.telegram import TelegramSettings
from bot.chat.commands import COMMANDS
from bot.cli import app
from bot.config import Config, load
from bot.config.loader import _models, _secrets
from bot.model import (
    OURSELVES,
    Batch,
    BatchItem,
    ChangeKind,
    Confidence,
    Delivery,
    DeliveryAction,
    Destination,
    Health,
    Notice,
    Origin,
    Overview,
    Phase,
    Places,
    Reason,
    ReasonCode,
    Service,
    ServiceState,
    Style,
    Text,
    Tone,
    Window,
    length,
)
from bot.model.cluster import ClusterView, NodeView
from bot.watch.checks import expectations, heartbeat, http, network, websocket
from bot.watch.sources import OfficialPage
from bot.watch.sources.trackers.downdetector import DowndetectorTracker
from bot.watch.sources.trackers.isitdownrightnow import IsItDownRightNowTracker
from bot.web.metrics import Metrics, metrics
from tests.wording.outages import (
    ALL_CLEAR,
    BLIND,
    DOWN,
    EN,
    ES,
    INVESTIGATING,
    LIKELY,
    PARTLY,
    POSSIBLE,
    REPORTS,
    SLOW,
    THEIRS,
    TRACKED,
    UNSTABLE,
    WORN,
    X,
    at,
    bad,
    told,
)

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / "config.example.yaml").read_text()
PAGES = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")} | {"README.md": README}
TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN", "TELEGRAM_TOKEN", "SMTP_PASSWORD", "X_WEBHOOK_TOKEN")
TOKENS += ("BACKUP_TOKEN", "LONDON_WITNESS_TOKEN")
TOKENS += ("DOWNDETECTOR_CLIENT_ID", "DOWNDETECTOR_CLIENT_SECRET")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def key_of(name: str, field) -> str:
    return field.alias or name


# ── the config ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tokens(monkeypatch):
    for name in TOKENS:
        monkeypatch.setenv(name, "1-secret-that-is-long")


def written(model: BaseModel):
    """Every model in a config with the keys that the file gave it."""
    yield type(model), model.model_fields_set
    for name in type(model).model_fields:
        value = getattr(model, name)
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,):
            if isinstance(part, BaseModel):
                yield from written(part)


@pytest.mark.usefixtures("tokens")
def test_the_example_shows_every_key_of_every_section():
    shown: dict[type, set[str]] = {}
    for model, names in written(load(ROOT / "config.example.yaml")):
        shown.setdefault(model, set()).update(names)
    for model in set(_models(Config)):
        for name, field in model.model_fields.items():
            of_defaults = model is settings.ServiceConfig and name in settings.Defaults.model_fields
            kind_by_place = name == "kind" and hasattr(model, "probe")
            in_words = re.search(rf"^ *# {key_of(name, field)}: ", EXAMPLE, re.MULTILINE)
            assert name in shown[model] or of_defaults or kind_by_place or in_words, (model.__name__, name)


@pytest.mark.usefixtures("tokens")
def test_the_schema_for_editors_has_the_keys_of_the_example():
    schema = settings.schema()
    known = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", ())}
    for model, names in written(load(ROOT / "config.example.yaml")):
        assert {key_of(n, model.model_fields[n]) for n in names} <= known


def test_the_example_leads_editors_to_the_schema_and_names_every_secret():
    assert EXAMPLE.startswith("# yaml-language-server: $schema=tocsin.schema.json\n")
    assert "tocsin schema > tocsin.schema.json" in EXAMPLE
    for name in set(_secrets(Config)) - {"headers"}:  # a header has a name of its own, and no file
        assert f"{name}: ${{" in EXAMPLE


TABLES = {
    "Top level": Config,
    "cluster": settings.Cluster,
    "web": settings.Web,
    "heartbeat": settings.Heartbeat,
    "defaults": settings.Defaults,
    "services": settings.ServiceConfig,
    "`kind: http`": http.HttpCheck,
    "`auth`": http.Auth,
    "`expect`": expectations.Expect,
    "`kind: tcp`": network.TcpCheck,
    "`kind: tls`": network.TlsCheck,
    "`kind: dns`": network.DnsCheck,
    "`kind: greeting`": network.GreetingCheck,
    "`kind: websocket`": websocket.WebsocketCheck,
    "`kind: ping`": network.PingCheck,
    "`kind: heartbeat`": heartbeat.HeartbeatCheck,
    "official": OfficialPage,
    "`kind: downdetector`": DowndetectorTracker,
    "`kind: isitdownrightnow`": IsItDownRightNowTracker,
    "trackers.downdetector": DowndetectorTracker.Settings,
    "trackers.isitdownrightnow": IsItDownRightNowTracker.Settings,
    "slack": slack.SlackSettings,
    "discord": DiscordSettings,
    "telegram": TelegramSettings,
    "email": EmailSettings,
    "webhook": webhook.WebhookSettings,
    "audiences": settings.AudienceConfig,
    "`quiet`": settings.QuietConfig,
    "`escalate`": settings.EscalationConfig,
    "digests": settings.DigestConfig,
    "mail": settings.MailConfig,
    "maintenance": settings.MaintenanceConfig,
    "witnesses": settings.WitnessConfig,
}


def table(title: str) -> dict[str, str]:
    """Key and default of the first table under a heading, or under a line that begins with `title`."""
    page = PAGES["config.md"]
    start = page.index(f"\n{title}") if title.startswith("`") else page.index(f"# {title}\n")
    rows = re.search(r"(?:^\|.*\n)+", page[start:], re.MULTILINE)
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", rows[0], re.MULTILINE))


def meant(text: str, default: object) -> object:
    """What a table's default says, in the type that the program's has."""
    match default:
        case timedelta():
            return length(text)
        case tuple() if default:
            return tuple(meant(part, default[0]) for part in text.strip("[]").split(", "))
        case Confidence():
            return Confidence[text.upper()]
        case frozenset() if default:
            return default if text == "all" else text
        case bool():
            return text == "true"
        case int() | float():
            return float(text)
        case _:
            return default if text == "none" and not default else text


@pytest.mark.parametrize("title", TABLES)
def test_the_tables_have_every_key_with_its_default(title):
    model, rows = TABLES[title], table(title)
    fields = {
        key_of(name, field): field
        for name, field in model.model_fields.items()
        if not (model is settings.ServiceConfig and name in settings.Defaults.model_fields)
        and not (name == "kind" and hasattr(model, "probe"))
    }
    assert set(rows) == set(fields)
    for key, field in fields.items():
        if field.is_required():
            assert rows[key] == "required", key
        elif not (isinstance(field.default, BaseModel) or rows[key] in {"its key", "global", "see below"}):
            assert meant(rows[key], field.default) == field.default, key


@pytest.mark.usefixtures("tokens")
def test_the_first_config_of_the_readme_works_as_written_and_every_line_is_explained(tmp_path):
    text = blocks(README, "yaml")[0]
    (tmp_path / "config.yaml").write_text(text)
    config = load(tmp_path / "config.yaml")

    assert config.readers()[0].destinations
    assert config.canaries
    assert all(" # " in line for line in text.splitlines())
    assert len(text.splitlines()) <= 12


@pytest.mark.usefixtures("tokens")
def test_what_else_the_readme_shows_of_a_config_works(tmp_path):
    smallest = 'services: {x: {routes: {web: {kind: http, url: "https://x.example/"}}}}\n'
    for text in (*blocks(README, "yaml")[1:], *re.findall(r"`(channels: \{.*?\}\})`", README)):
        (tmp_path / "config.yaml").write_text(smallest + text)
        assert load(tmp_path / "config.yaml").opened_channels()


def test_every_channel_has_a_heading_in_the_readme():
    headings = {h.replace("-", "").lower() for h in re.findall(r"^### (.*)$", README, re.MULTILINE)}
    assert set(settings.Channels.model_fields) <= headings


# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [name for name in app if not name.startswith("-")])
def test_every_command_of_the_shell_is_explained(name):
    assert re.search(rf"^\| `tocsin {name}\b", PAGES["commands.md"], re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_a_chat_is_explained(name):
    assert re.search(rf"^\| `{name}\b", PAGES["commands.md"], re.MULTILINE)
    assert f"`{name}" in README.partition("\n## Ask it")[2]


def test_no_command_is_explained_that_there_is_not():
    named = re.findall(r"^\| `(tocsin )?(\w+)", PAGES["commands.md"], re.MULTILINE)
    for shell, name in named:
        assert name in (set(app) if shell else COMMANDS)


def test_the_manifest_asks_slack_for_what_the_channel_uses():
    manifest = YAML(typ="safe").load(ROOT / "docs/slack-manifest.yaml")

    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["features"]["slash_commands"][0]["command"] == "/tocsin"
    history = {"channels:history", "groups:history", "im:history"}
    looks = {"channels:read", "groups:read"}  # of `check --live`
    scopes = {"chat:write", "commands", "app_mentions:read", "users:read", *history, *looks}
    assert scopes == set(manifest["oauth_config"]["scopes"]["bot"])
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == ["app_mention", "message.im"]
    assert manifest["settings"]["interactivity"]["is_enabled"]  # else no button is heard


# ── notices ──────────────────────────────────────────────────────────────────────────────────────────────────────────

PLANNED = replace(X, plan="Breaking news goes to Telegram @newsroom and to the site banner.")
THIRD = replace(DOWN, number_this_year=3, previous=(at(9, 12, day=14, month=2), at(9, 59, day=14, month=2)))
OVER = replace(DOWN, until=at(14, 50), steps=3)
SOMEWHERE = replace(
    PARTLY,
    readings=tuple(replace(one, places=Places(("London",), ("Madrid", "Sydney"), 3, some=True)) for one in bad("web")),
)
AGREED = replace(INVESTIGATING, at=at(14))
SCENES = {
    "Down": (ChangeKind.CONFIRMED, TRACKED, at(14, 1)),
    "Not the first this year": (ChangeKind.CONFIRMED, THIRD, at(14, 1)),
    "Partly down": (ChangeKind.CONFIRMED, PARTLY, at(14, 1)),
    "Down from some places only": (ChangeKind.CONFIRMED, SOMEWHERE, at(14, 1)),
    "Slow": (ChangeKind.CONFIRMED, SLOW, at(14, 1)),
    "A certificate expires soon": (ChangeKind.OPENED, WORN, at(14, 1)),
    "May be down": (ChangeKind.OPENED, POSSIBLE, at(14)),
    "Probably down": (ChangeKind.OPENED, replace(LIKELY, reports=(AGREED,), official_at=at(14)), at(14)),
    "Reported by its status page alone": (ChangeKind.OPENED, replace(THEIRS, official_at=at(14, 21)), at(14, 21)),
    "Reported by trackers alone": (
        ChangeKind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=(), reports=(ALL_CLEAR, REPORTS)),
        at(14),
    ),
    "Worse than before": (ChangeKind.WORSENED, replace(DOWN, steps=3), at(14, 10)),
    "Better, but not well": (ChangeKind.EASED, replace(PARTLY, worst=Health.DOWN, steps=3), at(14, 30)),
    "Its status page reports it": (
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(INVESTIGATING,), official_at=at(14, 21), steps=3),
        at(14, 21),
    ),
    "Its status page no longer reports it": (
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(replace(ALL_CLEAR, at=at(14, 40)),), official_at=at(14, 21), steps=4),
        at(14, 40),
    ),
    "Acknowledged": (ChangeKind.ACKNOWLEDGED, replace(DOWN, acked_by="Ana", acked_at=at(14, 5), steps=3), at(14, 5)),
    "Still down": (ChangeKind.REMINDED, replace(DOWN, reminded=1, steps=3), at(14, 30)),
    "Still down, not acknowledged": (
        ChangeKind.LASTING,
        replace(DOWN, milestones_passed=1, steps=3),
        at(14, 10),
    ),
    "Unstable": (ChangeKind.CONFIRMED, UNSTABLE, at(14, 31)),
    "Restored": (ChangeKind.RESTORED, OVER, at(14, 51)),
    "Stable again": (ChangeKind.RESTORED, replace(UNSTABLE, until=at(14, 50)), at(15)),
    "Not confirmed": (ChangeKind.RETRACTED, replace(POSSIBLE, until=at(14, 1), steps=2), at(14, 1)),
    "Correction": (ChangeKind.RETRACTED, replace(OVER, retracted=True, steps=4), at(15)),
    "No longer watched": (ChangeKind.UNWATCHED, replace(DOWN, until=at(14, 30), steps=3), at(14, 30)),
}
OURS = Service(OURSELVES, "Tocsin")
MAIL = Service("mail", "Our mail")
MORNING = Overview(
    at(8, day=15),
    ((X, ServiceState("x", up_since=at(14, 50))), (MAIL, ServiceState("mail", up_since=at(1)))),
    (OVER,),
)


def many(title: str, style: Style) -> Notice:
    """X, Our site and Our mail, down and back."""
    depends = {"shares": ("on:Cloudflare",)} if title == "Several at once" else {}
    services = [
        replace(X, **depends),
        *(Service(n.lower(), n, **depends) for n in ("Our site", "Our mail", "The shop")),
    ]
    over = title != "Several at once"
    kind, incident, when = (ChangeKind.RESTORED, OVER, at(14, 50)) if over else (ChangeKind.CONFIRMED, DOWN, at(14, 1))
    notices = [told(kind, replace(incident, service=s.id), when, style, s) for s in services]
    if title == "A place comes back":
        notices[1] = told(
            ChangeKind.CONFIRMED, replace(DOWN, service="our site", since=at(14, 20)), at(14, 21), style, services[1]
        )
        notices = notices[:2]
    lines = tuple(BatchItem(n.thread, n.line, n.ends is not None, n.causes, n.since, n.at) for n in notices)
    place, late = Destination("slack", "C012"), title == "A place comes back"
    gathering = Batch("#many#1/2", "#many#1", place, lines, style, at(14, 1), late=late)
    return wording.many(gathering, at(14, 56), (at(13, 55), at(14, 55)))


WORK = Window("k", ("mail",), at(22), at(23, 30), Origin.FILE, at(1), "moving the mail server", number=3, steps=1)
PLANS = {
    "Maintenance": (Phase.PLANNED, WORK),
    "Maintenance begins": (Phase.BEGUN, WORK),
    "Maintenance is moved": (Phase.MOVED, replace(WORK, since=at(22, day=15), until=at(23, 30, day=15))),
    "Maintenance is canceled": (Phase.CANCELLED, replace(WORK, over_at=at(21))),
    "Maintenance is over": (Phase.ENDED, WORK),
    "Maintenance ends early": (Phase.ENDED, replace(WORK, over_at=at(22, 50))),
    "Maintenance is over, but it doesn't respond": (Phase.ENDED, WORK),
}
AFTER = replace(
    DOWN,
    service="mail",
    readings=bad("smtp", why=Reason.of(ReasonCode.TIMED_OUT)),
    reports=(),
    since=at(22, 10),
    maintenance_ended=at(23, 30),
)


def planned(title: str, style: Style) -> str:
    phase, window = PLANS[title]
    leaving = wording.MaintenanceEnd({"mail"} if title.endswith("respond") else ())
    return wording.maintenance(window, phase, (MAIL,), style, at(21), leaving=leaving).words.text


def said(title: str, style: Style) -> str:
    if title in PLANS:
        return planned(title, style)
    match title:
        case "Down since maintenance":
            late = replace(AFTER, confirmed_at=at(23, 31))
            return told(ChangeKind.CONFIRMED, late, at(23, 31), style, MAIL).words.text
        case "Our own connection was down":
            return told(ChangeKind.RESTORED, BLIND, at(14, 4), style, OURS).words.text
        case "Test":
            return wording.test_notice("desk", style, at(14)).words.text
        case "A place comes back" | "Several at once" | "A storm is over":
            return many(title, style).words.text
        case "Digest":
            return wording.digest("comms", MORNING, at(8), style).text
        case _:
            kind, incident, when = SCENES[title]
            by, why = ("Ana", "the check asked the wrong host") if title in {"Acknowledged", "Correction"} else ("", "")
            service = PLANNED if title == "Down" else X
            return told(kind, incident, when, style, service, by=by, why=why).words.text


TITLES = (
    *SCENES,
    *PLANS,
    "Down since maintenance",
    "Our own connection was down",
    "A place comes back",
    "Several at once",
    "A storm is over",
    "Test",
    "Digest",
)


@pytest.mark.parametrize("title", TITLES)
def test_a_notice_is_shown_as_it_is_sent(title):
    section = PAGES["notices.md"].partition(f"\n### {title}\n")[2].partition("\n#")[0]
    assert blocks(section, "text") == [f"{said(title, EN)}\n", f"{said(title, ES)}\n"]


def test_every_kind_of_notice_is_shown_and_no_other():
    assert {kind for kind, *_ in SCENES.values()} == set(ChangeKind)
    assert {phase for phase, _ in PLANS.values()} == set(Phase)
    assert re.findall(r"^### (.*)$", PAGES["notices.md"], re.MULTILINE) == list(TITLES)


def test_the_readme_opens_with_the_story_as_it_is_told():
    assert blocks(README, "text") == [
        f"{told(ChangeKind.CONFIRMED, TRACKED, at(14, 1), EN, PLANNED).words.text}\n",
        f"{told(ChangeKind.RESTORED, OVER, at(14, 51), EN, PLANNED).words.text}\n",
    ]


def test_a_webhook_gets_what_the_readme_shows():
    notice = Notice("x#17/3", "x#17", Tone.UP, Text("t"), at=at(14, 50))
    sent = webhook.body(
        Delivery("x#17/3@webhook:u", Destination("webhook", "u"), DeliveryAction.POST, notice, root="x#17/2")
    )
    documented = json.loads(blocks(README, "json")[0])

    assert list(documented) == list(sent)
    for key in ("version", "key", "thread", "service", "act", "root", "fresh", "tone", "at"):
        assert documented[key] == sent[key]
    assert all(tone in README for tone in Tone)


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_metric_is_explained():
    cluster = ClusterView("a", (NodeView("a", True, False, "1", "h", 0.5, 256),))
    vitals = Metrics(at(14), at(13), at(14), {"slack": 1}, {("slack", "sent"): 1}, {"rounds": 1}, cluster=cluster)
    names = {f.name for f in text_string_to_metric_families(metrics(vitals, MORNING).decode())}
    for name in (n for n in names if not n.endswith("_created")):
        assert re.search(rf"^\| `{name}(_total)?[{{`]", PAGES["operations.md"], re.MULTILINE), name


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_inside_leads_somewhere(page):
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = folder / name if name else folder / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link
