"""The console."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from datetime import datetime

import pytest

from bot.channels.console import COLOURS, ConsoleSettings
from bot.contracts import ChannelContext
from bot.model import Destination, Later, Sent, Text, Tone
from tests.channels.kit import FIRST, RESTORED, ChannelKit

NOBODY = ChannelContext(None, (), None, None)
KIT = ChannelKit()
KIT.destination = Destination("console", "-")
CLOCK = re.compile(r"\d\d:\d\d:\d\d ")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    return Terminal()


async def send(*deliveries, to=None):
    with contextlib.redirect_stdout(to or sys.stdout):
        async with ConsoleSettings().open(NOBODY) as channel:
            return [await channel.send(delivery) for delivery in deliveries]


async def test_a_notice_is_plain_lines_where_nobody_watches(capsys):
    assert await send(KIT.first()) == [Sent()]
    first, *others = capsys.readouterr().out.splitlines()
    assert CLOCK.match(first)
    assert first[9:] == FIRST.title
    assert others == [f"{'':9}{line}" for line in FIRST.lines]


async def test_the_clock_is_that_of_this_machine(capsys):
    before = datetime.now().astimezone().strftime("%H:%M:%S")
    await send(KIT.first())
    after = datetime.now().astimezone().strftime("%H:%M:%S")
    assert capsys.readouterr().out[:8] in {before, after}


async def test_a_terminal_shows_the_tone_and_breaks_no_line(terminal):
    await send(KIT.first(), KIT.restored(None), to=terminal)
    shown = terminal.getvalue()
    assert f"\x1b[1;31m{FIRST.title}\x1b[0m" in shown
    assert f"\x1b[1;32m{RESTORED.title}\x1b[0m" in shown
    assert shown.count("\n") == 1 + len(FIRST.lines) + 1 + len(RESTORED.lines)


async def test_every_tone_has_a_colour():
    assert COLOURS.keys() == set(Tone)


@pytest.mark.parametrize("line", ["[bold red]X[/]", "[link=https://evil.example/]X[/link]", ":skull:", "[/unopened]"])
async def test_text_from_outside_is_no_markup(terminal, line):
    await send(KIT.delivery(1, Text(line, (line,))), to=terminal)
    assert terminal.getvalue().count(line) == 2


async def test_text_from_outside_moves_no_cursor(terminal):
    words = Text("X\x1b[2J\x9b31m is\rdown\x07\n", ("\x1b]8;;https://evil.example/\x1b\\click",))
    await send(KIT.delivery(1, words), to=terminal)
    shown = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue())  # the tone's colour is ours
    assert [letter for letter in shown if not letter.isprintable() and letter != "\n"] == []
    assert shown.count("\n") == 2


async def test_a_terminal_of_few_letters_gets_what_it_can_show():
    raw = io.BytesIO()
    few = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    assert await send(KIT.delivery(1, Text("🔴 X is down", ("desde las 2 \ud83d",))), to=few) == [Sent()]
    assert raw.getvalue()[9:].decode() == f"? X is down\n{'':9}desde las 2 ?\n"


async def test_an_edit_is_done_at_once(capsys):
    assert await send(KIT.edit(None)) == [Sent()]
    assert capsys.readouterr().out == ""


async def test_a_pipe_that_nobody_reads_any_more_is_no_crash():
    gone = Terminal()
    gone.close()
    (receipt,) = await send(KIT.first(), to=gone)
    assert isinstance(receipt, Later)


async def test_it_is_always_there_and_never_speaks():
    assert await ConsoleSettings().probe(None) is None
    async with ConsoleSettings().open(NOBODY) as channel:
        assert await channel.listen(None) is None
