"""No config file, whatever is in it, ends or fools its reader, or has a secret repeated."""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Annotated, Any, get_args, get_origin

import jsonschema
import pytest
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from bot.channels.email import address
from bot.config import Config, ConfigError, cron, examine, load, parsing, schema, services
from bot.config.database import database_url
from bot.config.loader import _models
from bot.config.parsing import HALVES
from bot.model import length, spelled
from bot.offload.worker import resident
from bot.wording.text import clean
from tests.amount import ALL
from tests.config.fuzz import SECRET, mutated_url, run
from tests.cpu import allowed, cpu

MEBIBYTE = 1024 * 1024
SITE = "services: {x: {name: Site, routes: {w: {kind: http, url: 'http://127.0.0.1:1/'}}}}\n"
RIGHT = SITE + "channels: {console: {}}\naudiences: {desk: {broadcast: ['console:-']}}\n"
ACCOUNTS = """\
channels:
  telegram: {token: "1:A"}
  discord: {token: x}
  slack: {bot_token: x}
  email: {server: "smtp://127.0.0.1:2", security: none, from: "T <t@example.org>"}
  webhook: {}
  apprise: {}
"""


def read(folder, text, **how):
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return load(path, **how)


def refused(folder, text):
    with pytest.raises(ConfigError) as error:
        read(folder, text)
    return str(error.value).replace(f"{folder}/", "")


@pytest.mark.hardened("T01", "a date that does not exist, unquoted, in the config", "said with its line")
@pytest.mark.hardened(
    "R3", "a changed config with an impossible date, a length too long, deep nesting", "one line each"
)
@pytest.mark.parametrize(
    "line",
    [
        "maintenance: [{service: x, from: 2026-11-31 22:00:00, until: 2026-12-01 01:00:00}]",
        "maintenance: [{service: x, from: 2026-13-01, for: 1h}]",
        "maintenance: [{service: x, from: 2026-12-01 25:00:00, for: 1h}]",
        "maintenance: [{service: x, from: 0001-01-01T00:00:00+14:00, for: 1h}]",
        "maintenance: [{service: x, from: 9999-12-31T23:59:59-12:00, for: 7d}]",
        "title: !!int x",
        "timezone: !!float x",
        "admins: !!omap [a: 1]",
        "admins: !!python/tuple [1]",
        "defaults: {every: 99999999999999d}",
        f"defaults: {{every: {'9' * 5000}d}}",
        f"admins: {'9' * 5000}",
        f"language: {'[' * 1500}{']' * 1500}",
        "? [a, b]\n: c",
        "1: x",
        "channels: {slack: {timeout: .nan}}",
        "channels: {slack: {bot_token: x, timeout: 1e999}}",
        'web: {title: "a\\0b"}',
        'web: {title: "\\ud83c"}',
        "---\na: 1",
    ],
)
def test_what_no_constructor_takes_is_one_line(tmp_path, saw, line):
    said = refused(tmp_path, RIGHT + line + "\n")
    saw(said.splitlines()[0][:120])
    assert all(row.startswith("config.yaml:") for row in said.splitlines())
    assert "Error" not in said


@pytest.mark.hardened("R3", "the config is a folder, a pipe, or not text", "one line")
def test_what_is_no_file_of_text_is_one_line(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(ConfigError, match=r"cannot be read: it is no regular file|directory"):
            load(tmp_path / name)
    assert "is no UTF-8 text" in refused(tmp_path, b"\xff\xfea\x00")
    assert read(tmp_path, b"\xef\xbb\xbf" + RIGHT.replace("\n", "\r\n").encode())


@pytest.mark.hardened("T02", "0s where it makes no sense, or a length of centuries", "refused with its bounds")
@pytest.mark.hardened("R12", "every: 0s, timeout: 0s, remind_every: [0s], within: 9000000d", "refused with bounds")
@pytest.mark.parametrize(
    "line",
    [
        "defaults: {every: 0s}",
        "defaults: {every: 3650d}",
        "defaults: {timeout: 0s}",
        "defaults: {timeout: 1h}",
        "defaults: {confirm_every: 0s}",
        "defaults: {slow_after: 0s}",
        "defaults: {remind_every: [0s]}",
        "heartbeat: {url: 'http://127.0.0.1/', every: 0s}",
        "digests: {d: {to: ['console:-'], when: '08:00', covers: 0s}}",
        "maintenance_before: 30d",
    ],
)
def test_lengths_out_of_bounds_are_refused_with_the_bounds(tmp_path, saw, line):
    said = refused(tmp_path, RIGHT + line + "\n")
    saw(said.strip())
    assert "is out of bounds; expected " in said
    assert "is out of bounds" in refused(tmp_path, RIGHT.replace("desk: {", "desk: {within: 0s, "))
    assert "is too long a time" in refused(tmp_path, RIGHT.replace("desk: {", "desk: {within: 9000000d, "))


def numbers(annotation: Any, said: tuple[Any, ...] = ()):
    """What is said of each number and length in a type."""
    if annotation in (int, float, timedelta):
        yield said
    elif get_origin(annotation) is Annotated:
        yield from numbers(annotation.__origin__, said + flat(annotation.__metadata__))
    else:
        for part in get_args(annotation):
            yield from numbers(part, said if type(None) in get_args(annotation) else ())


def flat(metadata) -> tuple[Any, ...]:
    return tuple(part for one in metadata for part in (one, *(getattr(one, "metadata", None) or ())))


def bounded(said) -> bool:
    names = {type(part).__name__ for part in said}
    return "Between" in names or bool(names & {"Ge", "Gt"} and names & {"Le", "Lt"})


@pytest.mark.hardened("R12", "any length or count in the whole config", "has a lower and an upper bound")
def test_every_length_and_number_of_the_config_has_bounds(saw):
    found = [
        (f"{model.__name__}.{name}", bounded(said))
        for model in sorted(set(_models(Config)), key=lambda m: m.__name__)
        for name, field in model.model_fields.items()
        if name not in {"body", "json_"}  # what is sent or wanted, not what we do
        for said in numbers(field.annotation, flat(field.metadata))
    ]
    assert [name for name, right in found if not right] == []
    assert len(found) > 30
    saw(f"{len(found)} of {len(found)}")


@pytest.mark.hardened("R14", "a service with the key many, or with # in it", "refused")
@pytest.mark.parametrize(
    "key",
    ["many", "Many", "tocsin", "all", "a#b", "a/b", "' x'", "'x '", '"a\\tb"', '"a\\u202eb"', "a@b", "'a:b'", "''"],
)
def test_names_that_rows_and_commands_are_made_of_are_plain(tmp_path, key):
    said = refused(tmp_path, RIGHT.replace("x: {name", f"{key}: {{name"))
    assert "is no short name" in said or "uses itself" in said or "nobody can see" in said
    assert "short name" in refused(tmp_path, RIGHT.replace("desk:", "'slack:C1':"))
    assert read(tmp_path, RIGHT.replace("x: {name", "correos_1.es: {name")).services


@pytest.mark.hardened("R14", "readers called all, many or tocsin, as configs of before call them", "taken")
@pytest.mark.parametrize("name", ["all", "many", "tocsin"])
def test_readers_may_bear_names_that_no_service_may(tmp_path, name):
    assert list(read(tmp_path, RIGHT.replace("desk:", f"{name}:")).audiences) == [name]


@pytest.mark.hardened("T22", "places in a form that their channel can never take", "the config says which")
@pytest.mark.hardened("B1", "a webhook's place without http:// or https://", "refused when the config is read")
@pytest.mark.hardened("U7", "email:josé@example.org", "taken; email:desk refused when the config is read")
def test_places_in_a_form_that_their_channel_can_never_take(tmp_path, saw):
    wrong = [
        "telegram:my group",
        "telegram:https://t.me/ours",
        "telegram:+34600000000",
        "discord:#status",
        "slack:C1 2",
    ]
    wrong += ["discord:https://discord.com/channels/1/2", "email:desk", "email:a@b.example, c@d.example"]
    wrong += [
        "webhook:notaurl",
        "webhook:ftp://x/",
        "apprise:nosuch://x",
        "apprise:x",
        "slack:#News Room",
        "slack:@ana",
    ]
    right = [
        "telegram:-1001",
        "telegram:@ours_1",
        "telegram:-100/45",
        "discord:112233445566778899",
        "discord:@11223344556677889",
        "slack:#näws-1",
    ]
    right += [
        "email:josé@example.org",
        "email:Desk <d@example.org>",
        "webhook:https://h/?k=1",
        "slack:C012",
        "slack:U01",
    ]
    text = SITE + ACCOUNTS + "audiences: {desk: {broadcast: %s}}\n"
    assert len(refused(tmp_path, text % wrong).splitlines()) == len(wrong)
    assert read(tmp_path, text % right)
    nobody = RIGHT + "admins: ['slack:U01', 'telegram:@ana', 'discord:ana', 'email:ana']\n"
    assert refused(tmp_path, nobody).count("names nobody") == 3
    assert refused(tmp_path, SITE + ACCOUNTS + "digests: {d: {to: ['email:x'], when: '8:00'}}\n")
    saw(f"{len(wrong)} of {len(wrong)} refused, {len(right)} taken")


SLIPS = {
    "section": "channels: {slack: '%s'}",
    "key": "channels: {slack: {'%s': 1}}",
    "colon": "channels: {telegram: {token 123:%s}}",
    "list": "channels: {slack: {bot_token: ['%s']}}",
    "database": "database: 'postgresql:u:%s@h/db'",
    "port": "database: 'postgresql://u:%s@127.0.0.1:port/db'",
    "at": "database: 'postgresql://u:%s@x@127.0.0.1:1/db'",
    "option": "database: 'postgresql://127.0.0.1/db?bogus=%s'",
    "heartbeat": "heartbeat: {url: 'https//hc.example.org/%s'}",
    "canary": "canaries: ['api.example.org/?key=%s']",
    "place": "audiences: {a: {broadcast: ['hooks.example.org/%s']}}",
    "audience": "audiences: {'webhook:https://h/%s': {}}",
    "kind": "audiences: {a: {broadcast: ['%s:x']}}",
    "auth": "services: {y: {routes: {w: {kind: http, url: 'http://h/', auth: 'u:%s'}}}}",
    "url": "services: {y: {routes: {w: {kind: http, url: 'api.example.org/?key=%s'}}}}",
    "check": "services: {y: {routes: {w: {kind: '%s'}}}}",
    "route": "services: {y: {routes: {'%s': {}}}}",
    "depends": "services: {y: {depends_on: ['%s'], routes: {w: {kind: tcp, host: h, port: 1}}}}",
    "official": "services: {y: {official: {url: 'status.example.org/?key=%s'}}}",
    "json": "services: {y: {routes: {w: {kind: http, url: 'http://h/', expect: {json: '%s['}}}}}",
    "matches": "services: {y: {routes: {w: {kind: http, url: 'http://h/', expect: {matches: '%s('}}}}}",
    "catalogue": "services: {y: {service: '%s'}}",
    "zone": "timezone: '%s'",
    "language": "language: '%s'",
    "listen": "web: {listen: '%s'}",
    "proxy": "web: {trust_proxy: 'X %s'}",
    "every": "defaults: {every: '%s'}",
    "rounds": "defaults: {confirm_rounds: '%s'}",
    "admin": "admins: ['%s']",
    "digest": "digests: {d: {to: ['console:-'], when: '%s'}}",
    "variable": "timezone: '${%s}'",
    "file": "channels: {slack: {bot_token_file: '%s'}}",
    "twice": "'%s': 1\n'%s': 2",
    "tag": "timezone: !%s x",
    "top": "'%s': 1",
    "mail": "channels: {email: {server: 'u:%s@h', from: a@b.c}}",
    "tracker": "trackers: {downdetector: {client_id: ['%s'], client_secret: 1}}",
}


@pytest.mark.hardened("B3", "a secret at a wrong place of the config", "an error without it")
@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize(
    "secret", ["xoxb-MARKmark", "S3CR3Tsl4xyzzy12", "ghp_MARKmark0123456789", "123456789:AAMARKxyz"]
)
def test_no_slip_has_a_secret_repeated(tmp_path, slip, secret):
    line = SLIPS[slip].replace("%s", secret)
    base = "" if line.startswith("services") else SITE
    said = refused(tmp_path, base + line + "\n")
    assert secret not in said
    assert secret[-6:] not in said


@pytest.mark.hardened("B2", "a malformed address of a database", "refused in words when the config is read")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@h:port/db",
        "postgresql://u:p@h:99999/db",
        "postgresql://u:p@h/db?sslrootcert=/x",
        "postgresql://u:p@h/db?sslmode=sometimes",
        "postgresql:///db",
        "postgresql://[::1/db",
        "sqlite://x.db",
        "sqlite:///:memory:",
        "sqlite:///x.db?bogus=1",
        "sqlite:///",
        "mysql://h/db",
    ],
)
def test_a_malformed_address_of_a_database_is_refused(tmp_path, url):
    assert ": database: " in refused(tmp_path, RIGHT + f"database: '{url}'\n")


@pytest.mark.hardened("B2", "an address of a database whose password would be shown as its file or its name", "refused")
@pytest.mark.parametrize(
    "url",
    [
        f"sqlite:///u:{SECRET}@h/db",
        f"sqlite:///u:a/{SECRET}@127.0.0.1:5432/db",
        f"postgresql:///u:a/{SECRET}@h?host=/tmp",
        f"postgresql://h/{SECRET}@b",
        "postgresql://h//",
        "sqlite:///%00",
        "sqlite:///d%00b",
    ],
)
def test_a_password_is_no_part_of_a_name_that_is_shown(url):
    with pytest.raises(ValueError, match=r"name|file|character") as refusal:
        database_url(url)
    assert SECRET not in str(refusal.value)


@pytest.mark.hardened("B2", "3,000 mutated addresses of databases", "what is taken can be opened by the driver")
def test_what_is_taken_as_a_database_the_driver_takes_too(saw):
    taken = 0
    for number in range(3000):
        url = mutated_url(random.Random(number))
        try:
            database_url(url)
        except ValueError:
            continue
        taken += 1
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            assert parsed.database
            assert not parsed.query
        else:
            query = {("ssl" if key == "sslmode" else key): value for key, value in parsed.query.items()}
            PGDialect_asyncpg().create_connect_args(parsed.set(query=query))
    assert taken > 10
    saw(f"{taken} taken, all of them understood by the driver")


@pytest.mark.hardened("T27", "a digest at sun-thu 08:00", "taken, as everywhere days are written")
@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("sun-thu 08:00", "0,1,2,3,6"),
        ("sat-mon 8:00", "0,5,6"),
        ("Mon 08:00", "0"),
        ("monday 08:00", "0"),
        ("Sunday to Thursday 08:00", "0,1,2,3,6"),
        ("mon, wed fri 08:00", "0,2,4"),
        ("weekdays 08:00", "0,1,2,3,4"),
        ("lunes-viernes 08:00", "0,1,2,3,4"),
        ("mié 08:00", "2"),
        ("Tues–Thurs 08:00", "1,2,3"),
        ("08:00", "0,1,2,3,4,5,6"),
    ],
)
def test_days_are_taken_as_people_write_them(tmp_path, when, days):
    assert f"day_of_week='{days}'" in str(cron(when, "UTC"))
    text = RIGHT + f"digests: {{d: {{to: ['console:-'], when: '{when}'}}}}\n"
    assert read(tmp_path, text + f"maintenance: [{{service: x, every: '{when}', for: 1h}}]\n")


@pytest.mark.hardened("T30", "a JSON config with an emoji in two halves", "read as JSON reads it")
def test_a_json_config_is_read_as_json_reads_it(tmp_path):
    text = '{"services": {"a": {"name": "\\ud83c\\udfe6 Bank", "routes": {"web": {"kind": "tcp", "host": "h", "port": 9}}}}}'
    assert read(tmp_path, text).services["a"].name == "🏦 Bank"
    assert HALVES.sub("", "\\\\ud83c\\udfe6") == "\\\\ud83c\\udfe6"  # an escaped backslash, and then text


@pytest.mark.hardened("T21", "a token in the environment that ends in a line feed, or holds é", "cut; refused in words")
@pytest.mark.hardened("B11", "slack.bot_token with a letter beyond ASCII", "one line")
@pytest.mark.hardened("O22", "p$HOME ${B} $$x as a variable's value", "left alone")
def test_tokens_lose_a_last_line_feed_and_are_plain(tmp_path, monkeypatch):
    text = SITE + "channels: {slack: {bot_token: '${TOKEN}'}}\nweb: {title: '${PRICE}'}\n"
    monkeypatch.setenv("PRICE", "p$HOME ${B} $$x\n")
    monkeypatch.setenv("TOKEN", "xoxb-1\n")
    config = read(tmp_path, text)
    assert config.opened_channels()["slack"].bot_token.get_secret_value() == "xoxb-1"
    assert config.web.title == "p$HOME ${B} $$x"
    for wrong in ("xoxb-é", "xoxb\n1", "a b", "\n"):
        monkeypatch.setenv("TOKEN", wrong)
        assert "bot_token: is no token; expected one line" in refused(tmp_path, text)


@pytest.mark.hardened("T29", "joiners in a service's own name", "kept; others' tricks are not")
def test_joiners_stay_where_words_and_pictures_are_written_with_them():
    for name in (
        "می‌خواهم",
        "👩‍👩‍👧 Family",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England",
        "क्‍ष",
        "🏳️‍🌈",
        "👩🏽‍💻",
    ):
        assert clean(name) == name
    assert clean("Ou\u200dta\u200cge \u200d\u200d🏴\U000e0041\U000e0042") == "Outage 🏴"
    assert clean("a\u202eb\u200bc") == "abc"


@pytest.mark.hardened("B15", "webhook_token: a", "refused: 16 characters at least")
def test_a_token_that_can_be_guessed_is_refused(tmp_path):
    text = SITE.replace("name: Site", "official: {url: 'https://s.example/', webhook_token: '%s'}")
    assert "expected 16 or more" in refused(tmp_path, text % "a")
    assert read(tmp_path, text % "0123456789abcdef")


@pytest.mark.hardened("B6", "a config with a secret, or a file with one, that others can read", "said")
def test_files_with_secrets_that_others_can_read_are_named(tmp_path, caplog):
    path, secret = tmp_path / "config.yaml", tmp_path / "secret"
    secret.write_text("xoxb-1\n")
    path.write_text(SITE + "channels: {slack: {bot_token_file: secret}}\n")
    path.chmod(0o644)
    secret.chmod(0o640)
    assert "bot_token" in examine(path)[1][0]
    load(path)
    assert f"{secret} holds secrets" in caplog.text
    secret.chmod(0o600)
    assert examine(path)[1] == []
    path.write_text(SITE + "channels: {slack: {bot_token: xoxb-1}}\n")
    assert "chmod 600" in examine(path)[1][0]
    path.write_text(SITE + "channels: {slack: {bot_token: '${HOME}'}}\n")
    assert examine(path)[1] == []


@pytest.mark.hardened("T01", "a mebibyte made to hinder its reader", "refused within seconds of CPU")
@pytest.mark.parametrize(
    "piece", ["[", "{a: ", "- ", "a: 1\n", "k%d: 1\n", "'", "- [1,2,3]\n", "!!int ", "&a ", "? ", '"\\', "${A:-b}", "#"]
)
def test_a_mebibyte_is_no_burden(tmp_path, saw, piece):
    text = "".join(piece % n if "%d" in piece else piece for n in range(MEBIBYTE // (len(piece) + 6)))
    held = resident()
    took = cpu(lambda: refused(tmp_path, text[: MEBIBYTE - 1]), enough=1.0)
    saw(f"{took:.1f} s of CPU at most" if took > 1 else "at once")
    assert took < allowed(2.0, took)
    assert resident() - held < 128 * 1024 * 1024


def test_many_services_and_mistakes_are_no_burden_either(tmp_path):
    many = 4000 if ALL else 1000
    rows = "".join(f"  s{n}: {{service: githb{n}, depends_on: [t{n}]}}\n" for n in range(many))
    begun = time.process_time()
    said = refused(tmp_path, "services:\n" + rows)
    assert len(said.splitlines()) <= 101
    assert time.process_time() - begun < many * 0.015


def test_a_config_is_read_in_several_threads_at_once(tmp_path):
    read(tmp_path, RIGHT)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: load(tmp_path / "config.yaml"), range(20)))
    assert all(config == found[0] for config in found)


@pytest.mark.hardened("T01", "300 seeded mutations of the example", "a config or a ConfigError, no secret shown")
def test_mutations_of_the_example(saw):
    ends, examples, _ = run(300)
    saw(", ".join(f"{count} {end}" for end, count in sorted(ends.items())))
    assert set(ends) <= {"taken", "refused"}, {end: examples[end][:300] for end in ends}


def test_the_schema_knows_the_file_of_every_secret():
    made = schema()
    wanted = {"SlackSettings": "app_token_file", "HeartbeatCheck": "token_file", "OfficialPage": "webhook_token_file"}
    wanted |= {"Auth": "password_file", "DowndetectorSettings": "client_secret_file", "EmailSettings": "password_file"}
    assert all(key in made["$defs"][model]["properties"] for model, key in wanted.items())
    assert "between 0.1s and 7d" in str(made["$defs"]["Defaults"]["properties"]["every"])
    services = {"x": {"routes": {"w": {"kind": "tcp", "host": "h", "port": 1}}}}
    judge = jsonschema.Draft202012Validator(made)
    assert judge.is_valid({"services": services, "channels": {"slack": {"bot_token_file": "secret"}}})
    assert not judge.is_valid({"services": services, "channels": {"slack": {}}})
    assert not judge.is_valid({"services": services, "channels": {"slack": {"bot_token": "x", "timeout": 500}}})


def test_a_length_is_spelled_as_it_is_read():
    for text in ("0s", "0.1s", "30s", "1h30m", "14d", "1d2h3m4s"):
        assert spelled(length(text)) == text
    with pytest.raises(ValueError, match="too long a time"):
        length("9" * 30 + "d")


def test_an_address_of_mail_has_one_form():
    for right in ("josé@example.org", "D <d.e+f@example.org>", "用户@例子.广告"):
        assert address(right).domain
    for wrong in ("desk", "a@b, c@d", "a b@c.d", "é..x@c.d", "é" * 65 + "@c.d", "a@b\nBcc: c@d", "a@" + "x" * 500):
        with pytest.raises(ValueError, match="expected one address"):
            address(wrong)


def many(number):
    return "services:\n" + "".join(f"  s{n}: {{routes: {{w: 'http://127.0.0.1:1/'}}}}\n" for n in range(number))


def test_what_a_file_may_hold_grows_with_its_services(tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, "NODES", 20)
    monkeypatch.setattr(parsing, "SERVICES", 30)
    assert len(read(tmp_path, many(30)).services) == 30
    assert "config.yaml:32:3: holds more than 30 services" in refused(tmp_path, many(31))
    assert "holds more than 40 values" in refused(tmp_path, many(1) + f"admins: [{','.join(40 * 'x')}]\n")


def test_of_very_many_mistakes_in_services_those_of_the_first_part_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(services, "SLICE", 4)
    text = many(12).replace("s5: {", "s5: {a: 1, ").replace("s6: {", "s6: {b: 1, ").replace("s9: {", "s9: {c: 1, ")
    assert [line.partition(": ")[2][:13] for line in refused(tmp_path, text).splitlines()] == [
        "services.s5.a",
        "services.s6.b",
    ]
    assert list(read(tmp_path, many(12)).services) == [f"s{n}" for n in range(12)]


def test_a_mistake_late_in_a_large_file_has_its_line_and_column(tmp_path):
    text = many(1500).replace("s1400: {", "s1400: {nam: x, ")
    assert "config.yaml:1402:11: services.s1400.nam: unknown key" in refused(tmp_path, text)
