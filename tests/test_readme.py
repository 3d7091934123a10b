"""The README's lists say what is so: commands, languages, channels, checks, what is not there yet, how long things are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from bot.chat.commands import COMMANDS
from bot.cli import COMMANDS as SHELL
from bot.config import Channels, Defaults
from bot.store import rollups
from bot.watch.checks import AnyCheck
from bot.wording.catalog import catalogs

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS_PAGE = (ROOT / "docs/commands.md").read_text()
CONFIG_PAGE = (ROOT / "docs/config.md").read_text()
KINDS = {check.model_fields["kind"].default for check in get_args(get_args(AnyCheck)[0])}


def part(start: str, end: str = "\n\n") -> str:
    return README.partition(start)[2].partition(end)[0]


ALL = COMMANDS.keys() | SHELL.keys()
ADDRESSES = "".join(re.findall(r'"(/[^" ]*)"', "".join(path.read_text() for path in (ROOT / "bot/web").glob("*.py"))))
# What README says is missing, and whether it is there.
MISSING = {
    "`announce` and incidents by hand": "announce" in ALL,
    "commands by mail": any("answer" in path.read_text() for path in (ROOT / "bot/scheduler").glob("bounces.py")),
    "feeds, badges and sign-up by mail on the status page": bool(
        re.search("/(feed|rss|atom|badge|subscribe)", ADDRESSES)
    ),
    "`init`, which writes a config by asking": "init" in ALL,
    "`import` from other tools": "import" in ALL,
}
# What is there: several daemons on one database, witnesses, digests by mail, returned mail, pages of one incident.
THERE = {
    "daemon",
    "daemons",
    "machines",
    "locations",
    "places",
    "witnesses",
    "digests",
    "bounces",
    "incident",
    "reload",
}


@pytest.mark.hardened("C-readme", "what README says is not in this version", "is not in it")
def test_what_is_not_there_yet_is_not_there():
    missing = " ".join(part("Not in this version, though planned:").split()).rstrip(".")
    assert set(missing.split("; ")) == MISSING.keys()
    assert not any(MISSING.values())
    assert not set(re.findall(r"\w+", missing.lower())) & {"dns", "certificates", "ping", "history", *KINDS, *THERE}


def test_who_may_share_a_database_is_said_alike_everywhere():
    pages = {path.name: path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
    refused = {
        name for name, text in pages.items() if re.search(r"(?i)each database (takes|belongs to) one daemon", text)
    }
    assert not refused
    assert "scale.md" in part("**PostgreSQL** in place of the SQLite file")


def test_all_that_can_be_asked_is_listed():
    table = part("\n## Ask it\n", "\n## ")
    assert set(re.findall(r"`([a-z]+)[ `]", table)) - {"admins"} >= COMMANDS.keys()
    named = {row.split("`")[1].split()[0] for row in table.splitlines() if row.startswith("| `")}
    assert named <= COMMANDS.keys()


def test_all_commands_of_the_shell_are_listed_and_no_other():
    rows = re.findall(r"^\| `tocsin (\w+)", COMMANDS_PAGE, re.MULTILINE)
    assert set(rows) == SHELL.keys()
    for command in re.findall(
        r"`?tocsin ([a-z]+)\b(?! daemon)", "\n".join(re.findall(r"`[^`\n]+`|^    .*$", README, re.MULTILINE))
    ):
        assert command in SHELL.keys() | COMMANDS.keys() | {"tocsin"}, command


def test_the_languages_are_those_that_it_speaks():
    said = set(re.findall(r"`(\w\w)`", part("**Which languages?**")))
    assert said == set(catalogs())


def test_every_channel_has_its_section_and_no_other_has():
    sections = re.findall(r"^### (.*)$", part("\n## Channels\n", "\n## "), re.MULTILINE)
    assert {name.lower().replace("-", "") for name in sections} == set(Channels.model_fields)


def test_every_kind_of_check_is_explained():
    explained = set(re.findall(r"^`kind: (\w+)`", CONFIG_PAGE, re.MULTILINE))
    assert explained >= KINDS


def test_the_numbers_are_the_defaults():
    defaults = {name: field.default for name, field in Defaults.model_fields.items()}
    soon = part("**How soon do we know?**")
    for name in ("every", "confirm_every"):
        assert f"{defaults[name].total_seconds():.0f} s" in soon
    assert defaults["confirm_rounds"] == 2
    assert "two failed rounds" in soon
    assert f"tried every {defaults['every'].total_seconds():.0f} s" in README


def test_it_keeps_things_as_long_as_it_says():
    kept = part("**What does it keep?**")
    assert f"deliveries for {rollups.DELIVERIES_FOR.days} days" in kept
    assert f"for {('', 'a year', 'two years')[rollups.YEARS.days // 365]}" in kept


def test_what_needs_no_secret_is_what_reads_the_config_without_them():
    said = set(re.findall(r"`(?:tocsin )?(\w+)`", part("`bot_token_file`).", "need no secret")))
    sources = "".join(path.read_text() for path in (ROOT / "bot/cli").glob("*.py"))
    free = {
        name
        for name, function in re.findall(r'"(\w+)": \w+\.(\w+)', sources)
        if "secrets=False" in sources.partition(f"def {function}(")[2].partition("\ndef ")[0]
    }
    assert said == free & said
    assert {"status", "delivery", "healthcheck"} == said
