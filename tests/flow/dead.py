"""Slack dead for ten real minutes, and the whole daemon around it with its own time-outs: `make dead`.

    python -m tests.flow.dead [--phase SECONDS]

Slack refuses connections, then takes them and says nothing (and has written half of what it was given), then answers 500,
then 429. Meanwhile services go down and come back. Every reader of the ladder has each notice on Telegram within
62 s; every place on Slack gets one catch-up; nothing is told twice. What the fakes heard, and when, is what is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.fakes.faults import Fault, FaultyServer, Message
from tests.fakes.site import WELL
from tests.flow.dead_judged import Heard, Ran, judged
from tests.flow.house import BROKEN, CHANNEL, DESK, GROUP, Daemon, World, eventually, world

PHASES = ("refused", "hanging", "500", "429")
OPS = "C077"  # subscribed in a chat
BEFORE, AFTER = 75.0, 150.0  # seconds around the outage: a service is down by then; all is told by then
SERVICES = {  # down from, and up again at: phases since Slack's death
    "earlier": ((-0.45, 1.2),),
    **{name: ((number + 0.1, number + 0.7),) for number, name in enumerate(("one", "two", "three", "four"))},
    "longer": ((2.4, 4.5),),
    "flapping": tuple((n * 0.9 + 0.2, n * 0.9 + 0.6) for n in range(4)),
}

out = Console(width=150)


@dataclass
class Ears:
    """What one fake wrote, and when."""

    fake: FaultyServer
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        apply = self.fake.apply

        def timed(message: Message) -> None:
            if not message.edited:
                self.heard.append(Heard(time.time(), message.place, message.text, _key(message.raw)))
            apply(message)

        self.fake.apply = timed


def _key(raw: Any) -> str:
    """Slack keeps it."""
    mark = raw.get("metadata") if isinstance(raw, dict) else None
    return mark["event_payload"]["key"] if mark else ""


async def play(folder: Path, phase: float) -> Ran:
    async with world(folder) as street:
        _furnish(street)
        ears = {kind: Ears(getattr(street, kind)) for kind in ("slack", "telegram", "discord")}
        async with street.daemon() as daemon:
            for name in SERVICES:
                await eventually(lambda name=name: _up(daemon, name), within=90)
            await street.slack.command("subscribe", channel=OPS)
            await street.slack.until(lambda: street.slack.replies)
            out.print(f"all is well; Slack dies in {BEFORE:g} s")
            died = time.time() + BEFORE
            async with asyncio.TaskGroup() as group:
                group.create_task(_services(street, died, phase))
                returned = await _slack(street, died, phase)
                await _at(returned + AFTER)
        return Ran(
            phases=tuple((name, died + n * phase) for n, name in enumerate(PHASES)),
            returned=returned,
            zone=street.zone,
            database=folder / "tocsin.db",
            names=[name.capitalize() for name in SERVICES],
            ladder="desk",
            rungs=("#newsroom", GROUP),
            **{kind: one.heard for kind, one in ears.items()},
        )


def _furnish(street: World) -> None:
    said = street.config
    del said["defaults"]
    street.slack.channels[OPS] = "ops"
    said["channels"].pop("webhook")
    said["services"] = {
        name: {"name": name.capitalize(), "routes": {"web": {"kind": "http", "url": street.site.url(f"/{name}")}}}
        for name in SERVICES
    }
    said["audiences"] = {
        "desk": {"ladder": ["slack:#newsroom", f"telegram:{GROUP}", f"email:{DESK}"]},
        "everyone": {"broadcast": ["slack:#random", f"discord:{CHANNEL}"]},
    }


async def _up(daemon: Daemon, name: str) -> bool:
    answer = await daemon.get("/metrics")
    return answer is not None and f'tocsin_service{{health="up",service="{name}"}} 1.0' in answer.text


async def _at(instant: float) -> None:
    await asyncio.sleep(max(instant - time.time(), 0))


async def _services(street: World, died: float, phase: float) -> None:
    for at, name, page in sorted(_turns(phase)):
        await _at(died + at)
        street.site.paths[f"/{name}"] = page
        out.print(f"{at:6.0f} s  {name} {'is well' if page == WELL else 'fails'}")


def _turns(phase: float) -> Iterator[tuple[float, str, bytes]]:
    for name, spans in SERVICES.items():
        for since, until in spans:
            yield since * phase, name, BROKEN
            yield until * phase, name, WELL


async def _slack(street: World, died: float, phase: float) -> float:
    """Let it die in all four ways; when it was well again."""
    slack = street.slack
    await _at(died)
    port = slack.port
    await slack.stop()
    out.print("   0 s  Slack refuses connections")
    await _at(died + phase)
    slack.dead = Fault.HALF_OPEN
    await slack.start(port)
    out.print("Slack hangs, and writes nothing")
    await _at(died + 1.5 * phase)
    slack.dead = Fault.SILENT
    out.print("Slack hangs, and writes what it is given")
    await _at(died + 2 * phase)
    await _hang_up(street)
    slack.dead = Fault.BROKEN
    out.print("Slack answers 500")
    await _at(died + 3 * phase)
    slack.dead = Fault.LIMITED
    out.print("Slack answers 429, with and without a wait")
    for _ in range(4):
        await asyncio.sleep(phase / 4)
        slack.dead = Fault.LIMITED if slack.dead is Fault.LIMITED_BARE else Fault.LIMITED_BARE
    await _at(died + 4 * phase)
    slack.heal()
    out.print("Slack is well again")
    return time.time()


async def _hang_up(street: World) -> None:
    for socket in list(street.slack.sockets):
        with suppress(ConnectionError):
            await socket.close()


def _shown(ran: Ran) -> bool:
    report = judged(ran)
    table = Table("phase", "ladder's notices", "slowest on Telegram", "on Slack in time")
    for name, row in report.phases.items():
        table.add_row(name, str(row.notices), f"{row.slowest:.1f} s", str(row.in_time))
    out.print(table)
    table = Table("place on Slack", "catch-ups", "seconds after its return", "title")
    for place, told in report.places.items():
        table.add_row(place, str(len(told)), *([f"{told[0].at - ran.returned:.1f}", told[0].title] if told else "––"))
    out.print(table)
    out.print(f"told twice: {report.twice}; slowest on Discord: {report.discord:.1f} s")
    for problem in report.problems:
        out.print(f"[red]NO[/red]  {problem}")
    return not report.problems


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--phase", type=float, default=150.0, help="seconds of each of the four")
    asked.add_argument("--keep", type=Path, help="a folder for the database and the logs")
    given = asked.parse_args()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the relay's library warns of itself at each log-in
    with tempfile.TemporaryDirectory() as folder:
        kept = given.keep or Path(folder)
        kept.mkdir(exist_ok=True)
        sys.exit(not _shown(asyncio.run(play(kept, given.phase))))


if __name__ == "__main__":
    main()
