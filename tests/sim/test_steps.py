"""What each of four channels shows, step by step, when much happens at once: `docs/storms.md` is what came out."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.incidents import maintenance
from bot.incidents.settings import Settings
from bot.judge.maintenance import in_file
from bot.model import (
    Audience,
    Delivery,
    DeliveryAction,
    Destination,
    Health,
    Outcome,
    Quiet,
    Reading,
    Role,
    Round,
    Rules,
    Service,
    SourceReport,
    Style,
)
from tests.reasons import HTTP_503
from tests.sim.channels import Hall, held
from tests.sim.test_storm import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "storms.md"
NAMES = {"slack": "Slack", "discord": "Discord", "telegram": "Telegram", "email": "e-mail"}
LANGUAGES = {"en": "English", "es": "Spanish"}
MADRID = ZoneInfo("Europe/Madrid")
NOON = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)  # 2:00 p.m. in Madrid
X = Service("x", "X (Twitter)", ("web", "app", "TweetDeck"), plan="breaking news goes to Telegram @newsroom.")
TOOLS = ("AP Newsroom", "Newsroom CMS", "Our mail", "Photo desk", "Wires")
RULES = Rules(confirm_rounds=1, restore_rounds=1)
BEAT = 10.0  # seconds between two rounds of a service


@dataclass
class Story:
    """`steps`: what happens, as (seconds, words, service, does it answer); `end`: seconds."""

    title: str
    why: str
    steps: tuple[tuple[float, str, tuple[str, ...], bool], ...]
    end: float
    services: tuple[Service, ...] = (X,)
    windows: tuple[tuple[str, float, float], ...] = ()  # service, start and end in seconds
    quiet: Quiet | None = None
    began: datetime = NOON
    down: set[str] = field(default_factory=set)


def tool(number: int) -> Service:
    return Service(f"s{number}", TOOLS[number % len(TOOLS)], ("web",))


STORIES = (
    Story(
        "Six windows begin in one minute, then X fails",
        "The nightly maintenance is one message. The outage is none of it, and is posted by itself.",
        ((75, "X fails", ("x",), False), (195, "X is back", ("x",), True)),
        300,
        (X, *(Service(f"p{n}", f"Server {n + 1}", ("web",)) for n in range(6))),
        tuple((f"p{n}", 10.0 + 7 * n, 900.0) for n in range(6)),
    ),
    Story(
        "Five tools fail at once, and X 50 seconds later",
        "X is not part of that storm: an edit of its message would ring nowhere, so X gets a message of its own.",
        (
            (10, "five tools fail", tuple(f"s{n}" for n in range(5)), False),
            (60, "X fails", ("x",), False),
            (180, "the tools are back", tuple(f"s{n}" for n in range(5)), True),
            (300, "X is back", ("x",), True),
        ),
        400,
        (X, *map(tool, range(5))),
    ),
    Story(
        "X flaps three times and recovers",
        "The third outage within half an hour makes it one incident, unstable, which ends when it has been quiet.",
        (
            (10, "X fails", ("x",), False),
            (130, "it is back", ("x",), True),
            (250, "it fails again", ("x",), False),
            (370, "it is back", ("x",), True),
            (490, "it fails a third time", ("x",), False),
            (610, "it is back and stays so", ("x",), True),
        ),
        1400,
    ),
    Story(
        "X fails while quiet hours end",
        "Their readers asked for silence until 7 a.m. What still lasts then is told at once, and its end as always.",
        ((10, "X fails", ("x",), False), (500, "X is back", ("x",), True)),
        600,
        quiet=Quiet.parse("22:00-07:00"),
        began=datetime(2022, 7, 14, 6, 57, tzinfo=MADRID).astimezone(UTC),
    ),
)


def readers(story: Story) -> tuple[Audience, ...]:
    return tuple(
        Audience(
            language,
            tuple(Destination(kind, language) for kind in KINDS),
            style=Style(language, "Europe/Madrid"),
            quiet=story.quiet,
        )
        for language in LANGUAGES
    )


def settings(story: Story) -> Settings:
    windows = tuple(
        in_file((name,), story.began + timedelta(seconds=start), story.began + timedelta(seconds=end), "")
        for name, start, end in story.windows
    )
    services = {one.id: one for one in story.services}
    return Settings(
        services,
        dict.fromkeys(services, RULES),
        readers(story),
        frozenset({"slack", "discord", "telegram"}),
        windows=windows,
        maintenance_before=timedelta(0),
    )


def played(story: Story, folder: Path) -> list[tuple[float, str, Delivery]]:
    """What was taken: when, by which kind of channel, and what."""
    found: list[tuple[float, str, Delivery]] = []

    async def work(hall: Hall) -> None:
        await hall.recorder.load()
        await asyncio.gather(_happens(story, hall), *(_watched(story, one, hall) for one in story.services))
        await hall.drained(120)
        for kind, taker in hall.takers.items():
            found.extend((at, kind, one) for at, one in zip(taker.times, taker.taken, strict=True))

    held(folder, KINDS, work, settings(story), story.began)
    return sorted(found, key=lambda row: (row[0], list(KINDS).index(row[1])))


async def _happens(story: Story, hall: Hall) -> None:
    story.down.clear()
    for second in range(int(story.end)):
        for at, _, services, well in story.steps:
            if at == second:
                story.down = story.down - set(services) if well else story.down | set(services)
        if story.windows and second % 5 == 0:
            await maintenance.keep(hall.recorder)
        await asyncio.sleep(second + 1 - asyncio.get_running_loop().time())


async def _watched(story: Story, service: Service, hall: Hall) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time() + 1 + story.services.index(service) * 0.5
    while began < story.end:
        await asyncio.sleep(began - loop.time())
        outcome = Outcome.FAILED if service.id in story.down else Outcome.OK
        why = HTTP_503 if outcome is Outcome.FAILED else None
        now = hall.clock()
        says = (SourceReport(Role.OFFICIAL, "Official status page", Health.UP, at=now),) if service is X else ()
        await hall.recorder.seen(
            Round(service.id, now, tuple(Reading(route, outcome, why) for route in service.routes), says)
        )
        began += BEAT


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


HEAD = """\
# What each channel shows when much happens at once

Four cases, step by step, as Slack, Discord, Telegram and e-mail show them in two languages. The judgement, the queue, the
batching and the texts are the real ones; the clock and the providers belong to the test, with the limits that the providers
document. A test generates this page; `TOCSIN_WRITE_DOCS=1 make test ARGS=tests/sim/test_steps.py` updates it.

"""
Taken = list[tuple[float, str, Delivery]]


def told(story: Story, taken: Taken) -> str:
    steps = [(0.0, "the windows begin")] if story.windows else []
    steps += [(at, words) for at, words, *_ in story.steps]
    lines = [f"## {story.title}", "", story.why, ""]
    for (at, words), until in zip(steps, [*(at for at, _ in steps[1:]), float("inf")], strict=True):
        clock = (story.began + timedelta(seconds=at)).astimezone(MADRID)
        lines += [f"### {clock:%H:%M:%S}: {words}", ""]
        for language, name in LANGUAGES.items():
            own = [row for row in taken if at <= row[0] < until and row[2].destination.place == language]
            lines += _shown(name, own) if own else [f"{name}: nothing", ""]
    return "\n".join(lines)


def _shown(language: str, taken: Taken) -> list[str]:
    """One block for each text, with the channels that show it."""
    kinds: dict[str, list[str]] = {}
    for _, kind, one in taken:
        kinds.setdefault(_text(one), []).append(kind)
    lines = []
    for text, found in kinds.items():
        lines += [
            f"{language}, {', '.join(NAMES[kind] for kind in NAMES if kind in found)}",
            "",
            "```text",
            text,
            "```",
            "",
        ]
    return lines


def _text(one: Delivery) -> str:
    notice, edits = one.notice, one.action is DeliveryAction.EDIT
    words = (notice.root or notice.words) if edits else notice.words
    way = "(rewrites the first message)" if edits else "(a reply in its thread)" if one.root else "(a new message)"
    buttons = " ".join(f"[{button.label}]" for button in one.buttons)
    return "\n".join([way, words.text, *([buttons] if buttons else [])])


@pytest.mark.hardened(
    "N-A1",
    "six windows begin in a minute, then X fails",
    "X has a message of its own in every channel, and none says that a channel failed",
)
@pytest.mark.hardened(
    "N-A2",
    "five tools fail, X 50 s later; the tools are back",
    "X has a message of its own, and stands under their end as still down",
)
@pytest.mark.hardened("N-A12", "one service, and several, in a storm and in its end", "the number agrees with its noun")
@pytest.mark.long
def test_what_each_channel_shows_step_by_step(tmp_path):
    parts = []
    for number, story in enumerate(STORIES):
        folder = tmp_path / str(number)
        folder.mkdir()
        parts.append(told(story, played(story, folder)))
    text = HEAD + "\n".join(parts)
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text
