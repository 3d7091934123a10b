"""A command is added on a copy of the program, in the places that CONTRIBUTING names, and answers."""

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

ROOT = Path(__file__).parents[2]
STEPS = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## To add a command\n")[2].partition("\n## ")[0]
FUNCTION = """def _newest(context: CommandContext) -> Response:
    from bot.model import Text

    return Response(Text("Newest: " + ", ".join(incident.id for incident in context.overview.recent[:1])))


COMMANDS = {
"""
ROW = """        Command("newest", "newest", _newest, loads=(Load.INCIDENTS,)),
        Command("help","""
ASKS = """
import asyncio, json
import bot
from bot.chat.commands import listed
from bot.model import Style
from bot.store import open_store
from tests.chat.dispatcher import Desk

async def ask():
    async with open_store("sqlite:///tocsin.db") as store:
        desk = Desk(store, public=True)
        await desk.house.rounds("BB")
        said = {text: await desk.say(text) for text in ("newest", "/NEWEST", "newst", "help")}
    print(json.dumps({"from": bot.__file__, "listed": {code: dict(listed(Style(code))) for code in ("en", "es")}} | said))

asyncio.run(ask())
"""


def put_in(path, mark, text):
    before = path.read_text("utf-8")
    assert before.count(mark) == 1, (path, mark)
    path.write_text(before.replace(mark, text), "utf-8")


def add_function(copy):
    put_in(copy / "chat/commands.py", "COMMANDS = {\n", FUNCTION)


def add_row(copy):
    put_in(copy / "chat/commands.py", '        Command("help",', ROW)


def add_help(copy):
    for path in (copy / "wording/locales").glob("*.toml"):
        put_in(path, "\n[commands]\n", f'\n[commands]\nnewest = "newest in {path.stem}"\n')


PLACES = (add_function, add_row, add_help)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What is answered, by line, after all places were touched."""
    folder = tmp_path_factory.mktemp("command")
    shutil.copytree(ROOT / "bot", folder / "copy/bot", ignore=shutil.ignore_patterns("__pycache__"))
    for place in PLACES:
        place(folder / "copy/bot")
    return folder, run(folder)


def run(folder):
    ran = subprocess.run(
        [sys.executable, "-c", ASKS],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{folder / 'copy'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_new_command_is_answered_with_what_it_declares_loaded(said):
    folder, answers = said
    assert answers["from"].startswith(str(folder))
    assert answers["newest"] == answers["/NEWEST"] == ["Newest: x#1"]


def test_a_new_command_is_in_help_and_in_the_list_of_each_platform(said):
    _, answers = said
    assert "newest in en" in next(line for line in answers["help"] if "newest" in line)
    assert [answers["listed"][code]["newest"] for code in ("en", "es")] == ["newest in en", "newest in es"]
    assert "newest" in " ".join(answers["newst"])


def test_contributing_names_as_many_places_as_there_are():
    assert len(re.findall(r"^\d+\. ", STEPS, re.MULTILINE)) == len(PLACES)
    assert "`loads`" in STEPS
