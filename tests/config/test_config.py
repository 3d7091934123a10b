"""A config that is wrong is refused at once, each mistake with its line and what was expected."""

from __future__ import annotations

import re
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.config import ConfigError, load, schema
from bot.model import Confidence, Destination, Escalation, Quiet, Style, Topic
from bot.wiring import setting
from bot.wording.catalog import catalogs

ROOT = Path(__file__).parent.parent.parent
RIGHT = """\
services:
  x:
    routes: {web: {kind: http, url: "https://x.example/"}}
channels:
  console: {}
audiences:
  desk: {broadcast: ["console:-"]}
"""


def other(route):
    return RIGHT.replace('kind: http, url: "https://x.example/"', route)


def read(folder, text):
    path = folder / "config.yaml"
    path.write_text(text)
    return load(path)


def refused(folder, text):
    with pytest.raises(ConfigError) as error:
        read(folder, text)
    return str(error.value).replace(f"{folder}/", "").splitlines()


def test_the_smallest_config_is_three_sections(tmp_path):
    config = read(tmp_path, RIGHT)

    assert config.service("x").name == "x"
    assert config.readers()[0].destinations == (Destination("console", "-"),)
    assert list(config.opened_channels()) == ["console"]


def test_the_example_loads_and_means_what_it_says(monkeypatch):
    for name in re.findall(r"\$\{(\w+)\}", (ROOT / "config.example.yaml").read_text()):
        monkeypatch.setenv(name, "xoxb-secret-0123")
    config = load(ROOT / "config.example.yaml")
    desk = config.readers()[0]

    assert desk.ladder
    assert desk.style == Style("es", "Europe/Madrid", "24h")
    assert desk.filter.confidence is Confidence.CONFIRMED
    assert desk.quiet == Quiet(time(22), time(7), frozenset({Topic.DOWN}))
    assert desk.escalations[0] == Escalation(timedelta(minutes=10), (Destination("telegram", "4242"),))
    assert config.services["mail"].watching(config.defaults).every == timedelta(minutes=1)
    assert config.services["mail"].watching(config.defaults).timeout == timedelta(seconds=10)
    assert "xoxb-secret" not in repr(config)


MISTAKES = {
    "a channel's own name": (
        RIGHT.replace("  x:", "  slack-delivery:"),
        ":2:3: services.slack-delivery: is the name of a channel's own health; call the service something else",
    ),
    "a stand-in that is no service": (
        RIGHT.replace("console: {}", "console: {watch: slack}"),
        ':5:13: channels.console.watch: there is no service "slack"; expected one of x',
    ),
    "the health of a channel that is not watched": (
        RIGHT.replace('broadcast: ["console:-"]', 'broadcast: ["console:-"], services: [console-delivery]'),
        'audiences.desk.services.0: there is no service "console-delivery"; expected one of x',
    ),
    "a tracker without an account": (
        RIGHT.replace("    routes", "    trackers: [{kind: downdetector, company: 5}]\n    routes"),
        ":3:16: services.x.trackers.0: downdetector needs an account: set trackers.downdetector beside services",
    ),
    "a company that is none": (
        RIGHT.replace("    routes", "    trackers: [{kind: downdetector, company: x}]\n    routes"),
        ":3:37: services.x.trackers.0.company: ",
    ),
    "an account by half": (
        RIGHT + "trackers: {downdetector: {client_id: a}}\n",
        ":8:12: trackers.downdetector.client_secret: is missing",
    ),
    "a tracker's address": (
        RIGHT + "trackers: {isitdownrightnow: {url: nowhere}}\n",
        ":8:31: trackers.isitdownrightnow.url: expected an address such as https://gateway.example.org/",
    ),
    "unknown key": (RIGHT + "sevrices: {}\n", ':8:1: sevrices: unknown key; did you mean "services"?'),
    "unknown key inside": (
        RIGHT.replace("console: {}", "console: {zzz: red}"),
        ":5:13: channels.console.zzz: unknown key; see config.example.yaml for those there are",
    ),
    "unknown channel": (
        RIGHT.replace("console: {}", "telegramm: {}"),
        ':5:3: channels.telegramm: unknown key; did you mean "telegram"?',
    ),
    "no services": ("channels: {console: {}}\n", ":1:1: services: is missing"),
    "no routes": (
        RIGHT.replace('routes: {web: {kind: http, url: "https://x.example/"}}', "name: X"),
        ":2:3: services.x: needs routes, or service: a name of the catalogue (`tocsin services` lists them)",
    ),
    "unknown kind of check": (
        RIGHT.replace("kind: http", "kind: htpp"),
        ':3:14: services.x.routes.web: "htpp" is no kind; expected one of "http", "tcp"',
    ),
    "check without a kind": (other("host: x.example"), ":3:14: services.x.routes.web: kind is missing"),
    "check without its url": (
        RIGHT.replace(', url: "https://x.example/"', ""),
        ":3:14: services.x.routes.web.url: is missing",
    ),
    "look-around in a pattern": (
        RIGHT.replace('example/"', 'example/", expect: {matches: ["ok", "(?=x)"]}'),
        (
            ":3:84: services.x.routes.web.expect.matches.1: is no pattern (invalid perl operator); expected one "
            "in RE2's syntax: neither look-around, such as (?=...), nor back-references, such as \\1"
        ),
    ),
    "no JMESPath": (
        RIGHT.replace('example/"', 'example/", expect: {json: "status["}'),
        ":3:68: services.x.routes.web.expect.json: is no such thing; expected a JMESPath expression such as",
    ),
    "a date in a body": (
        RIGHT.replace('example/"', 'example/", method: POST, body: {on: 2026-01-01}'),
        ":3:73: services.x.routes.web.body: holds what is no value of JSON, such as a date; put it in quotes",
    ),
    "a body that nobody sends": (
        RIGHT.replace('example/"', 'example/", body: hello'),
        ":3:14: services.x.routes.web: a body goes with DELETE, PATCH, POST, PUT; set method",
    ),
    "half of who asks": (
        RIGHT.replace('example/"', 'example/", auth: {user: ana}'),
        ":3:59: services.x.routes.web.auth: needs either user and password, or a token",
    ),
    "a certificate where there is none": (
        RIGHT.replace('https://x.example/"', 'http://x.example/", expires_in: 14d'),
        ":3:14: services.x.routes.web: expires_in is about a certificate: it goes with https://",
    ),
    "no length of time until a certificate ends": (
        RIGHT.replace('example/"', 'example/", expires_in: soon'),
        (
            ':3:59: services.x.routes.web.expires_in: "soon" is no length of time; '
            'expected one such as "30s", "10m", "1h30m" or "14d"'
        ),
    ),
    "no family": (
        RIGHT.replace('example/"', 'example/", ip: 5'),
        ':3:59: services.x.routes.web.ip: "5" should be 4 or 6',
    ),
    "final address that is none": (
        RIGHT.replace('example/"', 'example/", expect: {final_url: x.example}'),
        ":3:68: services.x.routes.web.expect.final_url: only http:// and https:// URLs can be asked",
    ),
    "record that there is not": (
        other("kind: dns, name: example.org, type: ANY"),
        ':3:50: services.x.routes.web.type: "ANY" should be "A", "AAAA", "CAA"',
    ),
    "name server without a port": (
        other('kind: dns, name: example.org, server: "ns1:dns"'),
        ":3:50: services.x.routes.web.server: expected a port between 1 and 65535",
    ),
    "TLS that nobody asks for so": (
        other("kind: tls, host: example.org, starttls: pop3"),
        ':3:50: services.x.routes.web.starttls: "pop3" should be "smtp" or "imap"',
    ),
    "greeting without a port": (
        other("kind: greeting, host: example.org"),
        ":3:14: services.x.routes.web.port: is missing",
    ),
    "web socket over http": (
        other("kind: websocket, url: 'https://x.example/'"),
        ":3:37: services.x.routes.web.url: expected an address such as wss://example.org/socket",
    ),
    "more lost than there are": (
        other("kind: ping, host: example.org, max_loss: 100"),
        ':3:51: services.x.routes.web.max_loss: "100" should be less than or equal to 99',
    ),
    "bad length of time": (
        RIGHT + "defaults: {every: soon}\n",
        ':8:12: defaults.every: "soon" is no length of time; expected one such as "30s", "10m", "1h30m" or "14d"',
    ),
    "number out of range": (
        RIGHT + "defaults: {confirm_rounds: 0}\n",
        ':8:12: defaults.confirm_rounds: "0" should be greater than or equal to 1',
    ),
    "not a number": (
        RIGHT + "defaults: {confirm_rounds: two}\n",
        ':8:12: defaults.confirm_rounds: "two" is no whole number',
    ),
    "bad zone": (
        RIGHT + "timezone: Madrid\n",
        ':8:1: timezone: "Madrid" is no time zone; expected one such as "Europe/Madrid"',
    ),
    "bad language": (
        RIGHT + "language: klingonese\n",
        ':8:1: language: "klingonese" is no language that Tocsin speaks; expected one of '
        + ", ".join(sorted(catalogs())),
    ),
    "bad clock": (RIGHT + "clock: 13h\n", ':8:1: clock: "13h" should be "12h" or "24h"'),
    "bad address": (
        RIGHT + "web: {listen: here}\n",
        ':8:7: web.listen: is no address to listen on; expected one such as "127.0.0.1:8080"',
    ),
    "bad database": (
        RIGHT + "database: mysql://x\n",
        ":8:1: database: is no address of a database; expected sqlite:///file.db or",
    ),
    "bad destination": (
        RIGHT.replace('"console:-"', "newsroom"),
        (
            ":7:22: audiences.desk.broadcast.0: is no destination; "
            "expected kind:place, such as slack:C012 or email:desk@example.org"
        ),
    ),
    "destination of a channel that is not set up": (
        RIGHT.replace('"console:-"', '"slack:C1"'),
        ':7:22: audiences.desk.broadcast.0: channel "slack" is not set up under channels (set up: console)',
    ),
    "audience of an unknown service": (
        RIGHT.replace("desk: {", "desk: {services: [y], "),
        ':7:21: audiences.desk.services.0: there is no service "y"; expected one of x',
    ),
    "audience with both ways": (
        RIGHT.replace("desk: {", 'desk: {ladder: ["console:-"], '),
        ":7:3: audiences.desk: needs either a ladder (one of these) or a broadcast list (all of these)",
    ),
    "bad wish": (
        RIGHT.replace("desk: {", "desk: {hears: [down, doom], "),
        ':7:24: audiences.desk.hears.1: "doom" should be "down", "degraded", "official"',
    ),
    "quiet hours at no time": (
        RIGHT.replace("desk: {", "desk: {quiet: {from: '22:00', to: late}, "),
        ':7:33: audiences.desk.quiet.to: "late" is no time of day; expected one such as "22:00"',
    ),
    "quiet hours without an end": (
        RIGHT.replace("desk: {", "desk: {quiet: {from: '22:00'}, "),
        ":7:10: audiences.desk.quiet.to: is missing",
    ),
    "quiet hours that are none": (
        RIGHT.replace("desk: {", "desk: {quiet: {from: '22:00', to: '22:00'}, "),
        ":7:10: audiences.desk.quiet: begins and ends at the same time; leave it out to be told at any",
    ),
    "quiet hours but for what there is not": (
        RIGHT.replace("desk: {", "desk: {quiet: {from: '22:00', to: '7:00', except: [doom]}, "),
        ':7:54: audiences.desk.quiet.except.0: "doom" should be "down", "degraded", "official"',
    ),
    "escalation at no time": (
        RIGHT.replace("desk: {", "desk: {escalate: [{to: ['console:-']}], "),
        ":7:21: audiences.desk.escalate.0.after: is missing",
    ),
    "escalation to nobody": (
        RIGHT.replace("desk: {", "desk: {escalate: [{after: 10m, to: []}], "),
        ":7:34: audiences.desk.escalate.0.to: ",
    ),
    "escalation to a channel that is not set up": (
        RIGHT.replace("desk: {", "desk: {escalate: [{after: 10m, to: ['slack:C1']}], "),
        ':7:39: audiences.desk.escalate.0.to.0: channel "slack" is not set up under channels (set up: console)',
    ),
    "escalation before the audience itself hears": (
        RIGHT.replace("desk: {", "desk: {for_at_least: 15m, escalate: [{after: 10m, to: ['console:-']}], "),
        (
            ":7:41: audiences.desk.escalate.0.after: is sooner than for_at_least: "
            "by then the audience itself has not heard of it"
        ),
    ),
    "no length of time at all": (
        RIGHT.replace("desk: {", "desk: {for_at_least: null, "),
        ":7:10: audiences.desk.for_at_least: is no length of time; expected one such as",
    ),
    "digest at no time": (
        RIGHT + 'digests: {daily: {to: ["console:-"], when: sometimes}}\n',
        ':8:38: digests.daily.when: "sometimes" is no time of the week; expected one such as "mon-fri 08:00"',
    ),
    "reserved name": (
        RIGHT.replace("  x:\n", "  tocsin:\n"),
        ":2:3: services.tocsin: is a name that Tocsin uses itself; call it something else",
    ),
    "unset variable": (
        RIGHT + 'timezone: "${NO_SUCH_VARIABLE}"\n',
        ":8:1: timezone: the environment has no NO_SUCH_VARIABLE; set it, or name a file in timezone_file if it is a secret",
    ),
    "secret file that is not there": (
        RIGHT.replace("console: {}", "telegram: {token_file: nowhere}"),
        ":5:14: channels.telegram.token_file: the file named there cannot be read: No such file or directory",
    ),
    "duplicate key": (RIGHT + "services: {}\n", ':8:1: "services" stands here twice; keep one'),
    "alias": ("a: &b {c: 1}\n", ":1:4: anchors and aliases (& and *) are not taken; write it out"),
    "no YAML": (RIGHT + "  - [\n", "is no YAML here"),
    "empty": ("", ":1:1: is empty; expected services, channels and audiences (see config.example.yaml)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line_with_its_place_and_what_was_expected(tmp_path, mistake):
    text, expected = MISTAKES[mistake]
    lines = refused(tmp_path, text)

    assert lines[0].startswith("config.yaml:")
    assert any(expected in line for line in lines), lines


def test_all_mistakes_are_told_at_once(tmp_path):
    text = RIGHT + "clock: 13h\nlanguage: klingonese\ndefaults: {every: soon}\n"
    assert [line.split(":")[1] for line in refused(tmp_path, text)] == ["8", "9", "10"]


def test_a_service_counts_the_ages_that_its_audiences_wait_for(tmp_path):
    text = RIGHT.replace("  desk: {", "  slow: {broadcast: ['console:-'], for_at_least: 5m}\n  desk: {").replace(
        "desk: {", "desk: {escalate: [{after: 10m, to: ['console:b']}], "
    )
    made = setting(read(tmp_path, text))

    assert made.rules["x"].milestones == (timedelta(minutes=5), timedelta(minutes=10))
    assert made.audiences[1].places == (Destination("console", "-"), Destination("console", "b"))
    assert setting(read(tmp_path, RIGHT)).rules["x"].milestones == ()


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no such file; make one from config\.example\.yaml"):
        load(tmp_path / "config.yaml")


def test_secrets_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "42:hidden")
    (tmp_path / "secret").write_text("xoxb-hidden\n")
    text = RIGHT.replace(
        "console: {}", 'console: {}\n  telegram: {token: "${TOKEN}"}\n  slack: {bot_token_file: secret}'
    )
    channels = read(tmp_path, text).opened_channels()

    assert channels["telegram"].token.get_secret_value() == "42:hidden"
    assert channels["slack"].bot_token.get_secret_value() == "xoxb-hidden"
    assert "hidden" not in repr(channels)


def test_a_check_proves_who_asks_by_a_secret_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "hidden")
    (tmp_path / "secret").write_text("hidden\n")
    text = RIGHT.replace(
        'example/"}',
        'example/", auth: {user: ana, password_file: secret}}, b: {kind: http, url: "https://y.example/", auth: {token: "${TOKEN}"}}',
    )
    routes = read(tmp_path, text).services["x"].routes

    assert routes["web"].auth.header == "Basic YW5hOmhpZGRlbg=="
    assert routes["b"].auth.header == "Bearer hidden"
    assert "hidden" not in repr(routes)


def test_a_wrong_secret_is_not_repeated_in_the_error(tmp_path):
    lines = refused(tmp_path, RIGHT.replace("console: {}", "telegram: {token: [hidden-token]}"))
    assert "hidden-token" not in "\n".join(lines)


def test_a_wrong_url_is_not_repeated_either_for_it_may_hold_a_password(tmp_path):
    lines = refused(tmp_path, RIGHT.replace("https://x.example/", "ftp://user:hidden@x.example/"))
    assert lines[0].startswith("config.yaml:3:32: services.x.routes.web.url: ")
    assert "hidden" not in "\n".join(lines)


def test_what_opens_no_channel_does_without_the_secrets(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(RIGHT.replace("console: {}", "console:\n  telegram: {token: '${NO_SUCH_VARIABLE}', timeout: 5s}"))

    channels = load(path, secrets=False).opened_channels()
    assert list(channels) == ["telegram", "console"]
    assert channels["telegram"].timeout == 5


def test_the_schema_lets_every_secret_stand_in_a_file():
    telegram = schema()["$defs"]["TelegramSettings"]
    assert "token_file" in telegram["properties"]
    assert "token" not in telegram["required"]


def test_the_schema_knows_every_channel_and_kind():
    text = str(schema())
    for word in (
        "slack",
        "discord",
        "telegram",
        "email",
        "webhook",
        "console",
        "http",
        "tcp",
        "tls",
        "dns",
        "websocket",
        "statuspage",
    ):
        assert word in text


ADMINISTERED = RIGHT.replace("console: {}", "telegram: {token: t}\n  slack: {bot_token: t, watch: x}").replace(
    '["console:-"]', '["slack:C1"], services: [x, slack-delivery]'
)


def test_admins_are_written_to_where_their_channel_is_open(tmp_path):
    admins = 'admins: ["slack:T01/U01", "telegram:4242", "discord:445566778899001122", "email:lead@example.org"]\n'
    config = read(tmp_path, ADMINISTERED + admins)
    reader = config.admins_audience()

    assert reader.destinations == (Destination("slack", "U01"), Destination("telegram", "4242"))
    assert "slack-delivery" in reader.filter.services
    assert "x" not in reader.filter.services
    assert config.opened_channels()["slack"].watch == "x"
    assert list(config.watched_channels()) == ["slack", "telegram"]
    assert read(tmp_path, ADMINISTERED + 'admins: ["discord:445566778899001122"]\n').admins_audience() is None
    (tmp_path / "config.yaml").unlink()
    discord = (
        RIGHT.replace("console: {}", "console: {}\n  discord: {token: t}") + 'admins: ["discord:445566778899001122"]\n'
    )
    assert read(tmp_path, discord).admins_audience().destinations == (Destination("discord", "@445566778899001122"),)


# ── who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("A3", "`rooms` is written in each way that people try", "a list of places, one place, or anyone")
@pytest.mark.parametrize(
    ("said", "public", "named"),
    [
        ("anyone", True, ()),
        ("Anybody", True, ()),
        ("[]", False, ()),
        ("", False, ()),
        ("telegram:-100123", False, ("telegram:-100123",)),
        ('["telegram:-100123", "telegram:@ours"]', False, ("telegram:-100123", "telegram:@ours")),
    ],
)
def test_rooms_are_anyone_or_places(tmp_path, said, public, named):
    path = tmp_path / "config.yaml"
    path.write_text(ROOMS.format(said))
    made = setting(load(path))
    assert (made.public, made.rooms) == (public, frozenset(map(Destination.parse, (*named, "telegram:-9"))))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("5", "expected a list of places such as telegram:-100123"),
        ("true", "expected a list of places such as telegram:-100123"),
        ("{a: b}", "expected a list of places such as telegram:-100123"),
        ("nobody", "is no destination"),
        ("[slack:C012]", 'channel "slack" is not set up'),
        ("['webhook:https://a.example/']", '"webhook" hears nobody'),
    ],
)
def test_rooms_that_are_none_are_refused_in_words(tmp_path, said, why):
    path = tmp_path / "config.yaml"
    path.write_text(ROOMS.format(said))
    with pytest.raises(ConfigError, match=re.escape(why)):
        load(path)


ROOMS = """
rooms: {}
services: {{x: {{routes: {{web: {{kind: http, url: "https://x.example/"}}}}}}}}
channels: {{telegram: {{token: "1:a"}}, webhook: {{}}}}
audiences: {{desk: {{broadcast: ["telegram:-9"]}}}}
"""
