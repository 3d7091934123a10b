"""A check, a dialect, a tracker, a channel, a config key and a sentence are added on a copy of the program, in the places
that CONTRIBUTING names, and work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

CHECK = '''"""The finger check."""
from datetime import timedelta
from typing import Literal
from pydantic import BaseModel, ConfigDict
from bot.contracts import Net, Trouble
from bot.model import Outcome, Reading

class FingerCheck(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["finger"] = "finger"
    host: str

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        seen = await net.connect(self.host, 79, timeout=timeout)
        return seen.reading(route) if isinstance(seen, Trouble) else Reading(route, Outcome.OK, took=seen.took)
'''
DIALECT = '''"""A page of one line: "UP" or "DOWN"."""
from bot.model import Health
from bot.watch.sources.dialects.base import Dialect, Page, word

def where(url):
    return (url + "/oneline.txt",)

def parse(bodies, asked):
    return word(Page(overall=Health[bodies[0].decode().strip()]), asked)

DIALECT = Dialect("oneline", where, parse)
'''
TRACKER = '''"""A tracker that says what its settings say."""
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from pydantic import BaseModel, ConfigDict
from bot.contracts import Net, Source, SourceState
from bot.model import Health, Role, SourceReport

class OracleSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    answer: str = "DOWN"

class OracleTracker(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    Settings: ClassVar[type[OracleSettings]] = OracleSettings
    in_doubt: ClassVar[bool] = False
    kind: Literal["oracle"] = "oracle"

    @classmethod
    def join(cls, said: Iterable["OracleTracker"], settings: OracleSettings) -> Mapping[Any, Source]:
        return {one: Oracle(settings.answer) for one in said}

class Oracle:
    kind = "oracle"
    def __init__(self, answer):
        self.answer = answer
    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        return SourceReport(Role.TRACKER, "Oracle", Health[self.answer], at=now)
'''
CHANNEL = (
    (ROOT / "bot/channels/console.py")
    .read_text("utf-8")
    .replace("Console", "Ticker")
    .replace('"console"', '"ticker"')
    .replace("from rich.console import Ticker", "from rich.console import Console as Ticker")
)
SCRIPT = """
import asyncio, json, sys
from datetime import UTC, datetime
from pathlib import Path
import bot
from bot.channels import AnyChannel
from bot.config import load, schema
from bot.model import Health
from bot.watch.sources.dialects.base import Asked
from bot.watch.sources.dialects.known import DIALECTS
from bot.wording.catalog import catalogs

NOW = datetime(2022, 7, 14, 14, tzinfo=UTC)
config = load(Path("config.yaml"))
service = config.services["x"]
oracle = service.trackers[0]
source = oracle.join([oracle], config.tracking("oracle"))[oracle]
dialect = next(one for one in DIALECTS if one.kind == "oneline")
print(json.dumps({
    "from": bot.__file__,
    "check": service.routes["finger"].kind,
    "tracker": asyncio.run(source.read(None, NOW, None)).says.name,
    "dialect": dialect.parse((b"DOWN",), Asked("https://x.example", (), NOW)).says.name,
    "channel": list(config.opened_channels()),
    "config key": config.web.motto,
    "schema": [word in json.dumps(schema()) for word in ("finger", "oracle", "ticker", "motto")],
    "sentence": [say.titles.motto.format(motto="x") for say in catalogs().values()],
}))
"""
CONFIG = """\
services:
  x:
    routes: {finger: {kind: finger, host: x.example}}
    trackers: [{kind: oracle}]
trackers: {oracle: {answer: UP}}
channels: {ticker: {}}
web: {motto: "All the news"}
"""


# What CONTRIBUTING asks for, one place after the other: (file, what stands there, what is put in its place); a new file has
# nothing there yet. A list of files is one place each; `locales` stands for the file of every language.
CHECKS, SOURCES, DIALECTS, CHANNELS = (
    "watch/checks/__init__.py",
    "watch/sources/__init__.py",
    "watch/sources/dialects/known.py",
    "channels/__init__.py",
)
PLACES = {
    "check": (
        ("watch/checks/finger.py", "", CHECK),
        (CHECKS, "HttpCheck | TcpCheck", "FingerCheck | HttpCheck | TcpCheck"),
    ),
    "tracker": (
        ("watch/sources/trackers/oracle.py", "", TRACKER),
        (SOURCES, "[DowndetectorTracker |", "[OracleTracker | DowndetectorTracker |"),
    ),
    "dialect": (
        ("watch/sources/dialects/oneline.py", "", DIALECT),
        (DIALECTS, "    *cachet.DIALECTS,", "    oneline.DIALECT,\n    *cachet.DIALECTS,"),
    ),
    "channel": (
        ("channels/ticker.py", "", CHANNEL),
        (CHANNELS, "    SlackSettings\n", "    TickerSettings\n    | SlackSettings\n"),
    ),
    "config key": (
        (
            "config/__init__.py",
            '    title: ShortText = "Status"',
            '    title: ShortText = "Status"\n    motto: str = ""',
        ),
    ),
    "sentence": (("locales", "[titles]\n", '[titles]\nmotto = "{motto}!"\n'),),
}
IMPORTS = (
    (CHECKS, "from bot.watch.checks.finger import FingerCheck"),
    (SOURCES, "from bot.watch.sources.trackers.oracle import OracleTracker"),
    (DIALECTS, "from bot.watch.sources.dialects import oneline"),
    (CHANNELS, "from bot.channels.ticker import TickerSettings"),
)


def put_in(path, mark, text):
    before = path.read_text("utf-8") if path.exists() else ""
    assert before.count(mark) == 1, (path, mark)
    path.write_text(before.replace(mark, text), "utf-8")


def edit(copy, file, mark, text):
    for path in (copy / "wording/locales").glob("*.toml") if file == "locales" else (copy / file,):
        put_in(path, mark, text)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the program says of itself after all places were touched."""
    folder = tmp_path_factory.mktemp("parts")
    copy = folder / "copy/bot"
    shutil.copytree(ROOT / "bot", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for edits in PLACES.values():
        for file, mark, text in edits:
            edit(copy, file, mark, text)
    for file, line in IMPORTS:
        edit(copy, file, "from __future__ import annotations\n", f"from __future__ import annotations\n{line}\n")
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "copy")}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found.pop("from").startswith(str(folder))
    return found


@pytest.mark.parametrize(
    ("part", "works"),
    [
        ("check", "finger"),
        ("tracker", "UP"),
        ("dialect", "DOWN"),
        ("channel", ["ticker"]),
        ("config key", "All the news"),
        ("sentence", ["x!"] * 5),
    ],
)
def test_a_new_part_works(said, part, works):
    assert said[part] == works


def test_the_schema_for_editors_has_the_new_parts(said):
    assert said["schema"] == [True] * 4


@pytest.mark.parametrize("part", ["check", "source", "channel"])
def test_contributing_names_as_many_places_as_there_are(part):
    steps = CONTRIBUTING.partition(f"## To add a {part}\n")[2].partition("\n## ")[0]
    places = {len(PLACES[kind]) for kind in ({"tracker", "dialect"} if part == "source" else {part})}
    assert places == {len(re.findall(r"^\d+\. ", steps, re.MULTILINE))}


@pytest.mark.parametrize(("part", "one"), [("config key", "one field"), ("sentence", "one key")])
def test_contributing_names_the_one_place(part, one):
    steps = CONTRIBUTING.partition(f"## To add a {part}\n")[2].partition("\n## ")[0]
    assert len(PLACES[part]) == 1
    assert one in steps
