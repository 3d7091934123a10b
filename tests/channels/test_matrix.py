"""Every fault of every channel, for the first, a middle and the last message of an incident: `docs/faults.md` is what came out.

TOCSIN_WRITE_DOCS=1 writes the page anew; without it the page must say what this run gave.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import pytest

from bot.delivery import outbox
from bot.model import Refused, Sent
from tests import sqlite
from tests.channels import test_discord, test_email, test_slack, test_telegram
from tests.channels.kit import EXPECTED, no_names
from tests.channels.matrix import LASTS, MESSAGES, Cell, Ground, meet
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault
from tests.fakes.mail import ENDS, PASSWORD, SAYS, FakeRelay
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.sim.inline import Disk, inline

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
CHANNELS = {
    "slack": (test_slack.TestSlack, FakeSlack, ("C012", "C034", "D056")),
    "discord": (test_discord.TestDiscord, FakeDiscord, ("2001", "2002", "2003")),
    "telegram": (test_telegram.TestTelegram, FakeTelegram, ("-1001", "-1002", "-1003")),
    "email": (test_email.TestEmail, FakeRelay, ("a@example.org", "b@example.org", "c@example.org")),
}
NAMES = {"slack": "Slack", "discord": "Discord", "telegram": "Telegram", "email": "e-mail"}
NOT_THERE = {
    ("slack", Fault.MOVED): "a Slack channel keeps its id whatever happens to it",
    ("discord", Fault.MOVED): "a Discord channel keeps its id forever",
    ("email", Fault.HTML): "SMTP answers in lines, never with a page",
}
WITHIN = 60  # seconds: the ladder's

Column = dict[tuple[str, str], str]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(outbox, "GRACE", 0.01)
    no_names(monkeypatch)


@pytest.fixture
def folder(tmp_path):
    sqlite.ready(tmp_path / "ready.db")
    with inline(Disk()):
        yield tmp_path


@pytest.mark.long
@pytest.mark.parametrize("kind", CHANNELS)
async def test_whatever_befalls_a_channel_its_readers_have_each_message_in_time(kind, folder):
    kit_of, far_of, places = CHANNELS[kind]
    column: Column = {}
    for fault in Fault:
        if (kind, fault) in NOT_THERE:
            column |= {(fault, message): "n/a" for message in MESSAGES}
            continue
        async with far_of() as far:
            cells = await meet(Ground(kit_of(), far, places), fault, folder)
            assert far.broken == []
        for message, cell in cells.items():
            check(kind, fault, message, cell)
            column[fault, message] = str(cell)
    compare(kind, column)


def check(kind: str, fault: Fault, message: str, cell: Cell) -> None:
    kit, what = CHANNELS[kind][0], f"{kind}, {fault}, {message} message: {cell}"
    expect = kit.expected.get(fault, EXPECTED[fault])
    for receipt in (cell.receipt, cell.edit):
        assert receipt is None or isinstance(receipt, expect.receipt), what
        assert not isinstance(receipt, Refused) or receipt.scope is expect.scope, what
    assert isinstance(cell.receipt, Sent) or cell.applied == expect.applied, what
    in_time = cell.next_rung is not None and cell.next_rung <= WITHIN
    assert cell.after_all or in_time, what  # nobody is left without it ...
    if kind in {"slack", "discord"}:
        assert cell.after_all <= 1, what  # ... and nobody has it twice where that can be known


@pytest.mark.parametrize("kind", CHANNELS)
def test_what_a_channel_cannot_show_is_said_with_its_reason(kind):
    assert CHANNELS[kind][0].impossible == {fault for of, fault in NOT_THERE if of == kind}


def test_the_page_is_as_it_is_written_here():
    assert PAGE.read_text("utf-8") == page(table(PAGE.read_text("utf-8")))


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = """\
# What happens when a channel fails

This table shows what each channel does with each fault. A fault lasts {lasts} s, while one message of an incident is due: the
first ("partly down"), a middle one ("down", with an edit of the first message) or the last ("restored"). The channels, the
outbox and the ladder are the real ones, over real connections; only the clock is a test clock. The readers have a ladder of
two rungs with `within: {within}s`, and the second rung always works.

Each cell has three parts:

- **The receipt** of the first attempt. *sent*: it arrived. *later*: it certainly didn't, and is retried (*in 7 s*: the provider
  asked for that wait). *unsure*: nobody can tell, so Tocsin looks it up, or sends it again in a way that shows it only once, if
  the provider allows either. *refused*: final for this message, this destination or the whole account. *moved*: it goes to the
  new destination.
- **How often the provider stored it:** after the first attempt, and half an hour later. Repeated mails have the same
  Message-ID, so most mailboxes show only one; Telegram offers neither a look-up nor a key.
- **When the next rung got it,** in seconds; – if it wasn't needed.

| fault | message | {names} |
|---|---|---|---|---|---|
{rows}

n/a: this can't happen.

{not_there}

How each fault looks in SMTP, where a busy relay never says how long to wait:

{smtp}

Slow responses and time-outs take as long as the settings say. A test generates this page;
`TOCSIN_WRITE_DOCS=1 make test ARGS=tests/channels/test_matrix.py` updates it.
"""
ROW = re.compile(r"^\| (.+?) \| (first|middle|last) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def page(columns: dict[str, Column]) -> str:
    rows = [
        f"| {fault} | {message} | " + " | ".join(columns[kind].get((fault, message), "?") for kind in CHANNELS) + " |"
        for fault in Fault
        for message in MESSAGES
    ]
    not_there = [f"- {NAMES[kind]}, {fault}: {why}" for (kind, fault), why in NOT_THERE.items()]
    smtp = [f"- {fault}: `{answer.replace(PASSWORD, '…')}` to {command}" for fault, (command, answer) in SAYS.items()]
    smtp += [f"- {fault}: after the mail is accepted" for fault in ENDS] + [
        f"- {Fault.HALF_OPEN}: before the mail is accepted"
    ]
    lasts = f"{LASTS.total_seconds():g}"
    parts = {"rows": rows, "not_there": not_there, "smtp": smtp}
    return TEXT.format(
        names=" | ".join(NAMES.values()),
        lasts=lasts,
        within=WITHIN,
        **{name: "\n".join(lines) for name, lines in parts.items()},
    )


def table(text: str) -> dict[str, Column]:
    columns: dict[str, Column] = {kind: {} for kind in CHANNELS}
    for fault, message, *cells in ROW.findall(text):
        for kind, cell in zip(CHANNELS, cells, strict=True):
            columns[kind][fault, message] = cell
    return columns


def compare(kind: str, column: Column) -> None:
    """Or write: the channels may be tested at the same time."""
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        with PAGE.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = page(table(file.read()) | {kind: column})
            file.truncate(0)
            file.write(text)
    assert table(PAGE.read_text("utf-8"))[kind] == column
