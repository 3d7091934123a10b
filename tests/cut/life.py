"""A daemon that is killed again and again: `python -m tests.cut.life DATABASE LOG CUTS SEED [careless]`.

It forks lives that judge, record and deliver outages over a real webhook, cuts each off with SIGKILL at a random moment,
and at the end lets one live until all is told. What the receiver applied, and what each life found half done, is in LOG.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bot.contracts import Channel, Desk
from bot.model import Audience, Destination, Outcome, Reading, Round, Rules, Service
from bot.net import Network
from bot.record import Record, Setting
from bot.store import Store, open_store
from bot.store.deliveries import Status
from bot.tell.channels.webhook import WebhookSettings
from bot.tell.outbox import Outbox

SERVICES = [f"s{number}" for number in range(6)]
PLACES = ("one", "two")
LONGEST = 0.15  # seconds that a life may last which is cut whatever it does
BEGAN = datetime.now(UTC)
SPEED = 20  # of the clock: the waits between two tries are not what is tested
DROPPED = 0.05  # of the answers, after the request was applied


def note(log: str | Path, **what: object) -> None:
    """One write a line: whole, whoever dies."""
    line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, json.dumps(what).encode() + b"\n")
    os.close(line)


# ── the receiver ─────────────────────────────────────────────────────────────────────────────────────────────────────


def receive(door: socket.socket, log: str, seed: int) -> None:
    """Apply what is posted and answer, but now and then drop the answer."""
    chance = random.Random(seed)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(
                    int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")
                )
                body = json.loads(await reader.readexactly(size))
                dropped = chance.random() < DROPPED
                late = any(line.startswith("Late:") for line in body["lines"])
                note(log, applied=body["key"], place=head.split()[1].decode(), dropped=dropped, late=late)
                if dropped:
                    break
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(hear, sock=door)
        await server.serve_forever()

    asyncio.run(serve())


# ── one life ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Careless(Outbox):
    """What healthy outboxes must not do: mark a delivery sent, then send it."""

    async def _deliver(self, channel, delivery):
        await self.deliveries.settle(delivery, Status.SENT, self.clock())
        return await super()._deliver(channel, delivery)


def now() -> datetime:
    return BEGAN + (datetime.now(UTC) - BEGAN) * SPEED


async def live(database: str, port: int, log: str, outages: int, kind: type[Outbox]) -> None:
    async with open_store(database, alone=True) as store, Network() as net:
        note(log, found=store.released)
        desk = Desk(net, (), store.people.recall, store.people.remember)
        async with WebhookSettings(kind="webhook").open(desk) as hook:
            places = [Destination("webhook", f"http://127.0.0.1:{port}/{name}") for name in PLACES]
            async with telling(store, {"webhook": hook}, places, kind) as (record, outbox):
                await asyncio.gather(*(happen(record, service, outages) for service in SERVICES))
                await emptied(store, outbox)


@asynccontextmanager
async def telling(
    store: Store,
    channels: Mapping[str, Channel],
    places: Sequence[Destination],
    kind: type[Outbox],
    editable: frozenset[str] = frozenset(),
) -> AsyncIterator[tuple[Record, Outbox]]:
    """A record, and an outbox at work for it; every place hears of everything, and one round is enough for a change."""
    readers = tuple(Audience(str(place), (place,)) for place in places)
    rules = dict.fromkeys(SERVICES, Rules(confirm_rounds=1, restore_rounds=1, remind_every=(), flaps=10**9))
    setting = Setting({s: Service(s, s) for s in SERVICES}, rules, readers, editable)
    stop = asyncio.Event()
    record = Record(store, setting, now, lambda kinds: outbox.wake(kinds))  # noqa: PLW0108 # made below
    outbox = kind(store.deliveries, channels, now, record.moved)
    await record.load()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run(stop))
        yield record, outbox
        stop.set()


async def happen(record: Record, service: str, outages: int) -> None:
    """The service's outages, from wherever the last life left them."""
    while True:
        state = record.states.get(service)
        if state and state.opened == outages and state.incident is None:
            return
        good = state is not None and state.incident is not None
        reading = Reading("web", Outcome.GOOD if good else Outcome.BAD, "" if good else "HTTP 503")
        await record.seen(Round(service, now(), (reading,)))
        await asyncio.sleep(0.002)


async def emptied(store: Store, outbox: Outbox) -> None:
    while sum((await store.deliveries.backlog()).values()):
        outbox.wake()
        await asyncio.sleep(0.01)


# ── cutting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def main(database: str, log: str, cuts: int, seed: int, kind: type[Outbox]) -> None:
    door, outages = socket.create_server(("127.0.0.1", 0)), enough(cuts)
    port = door.getsockname()[1]
    Path(log).touch()
    receiver = forked(lambda: receive(door, log, seed))
    door.close()
    chance, last = random.Random(seed), timedelta(seconds=60)
    try:
        for _ in range(cuts):
            life = forked(lambda: asyncio.run(live(database, port, log, outages, kind)))
            time.sleep(moment(chance, log))
            os.kill(life, signal.SIGKILL)
            if not os.WIFSIGNALED(os.waitpid(life, 0)[1]):
                break  # all was told before the cut
            note(log, cut=True)
        end = forked(
            lambda: asyncio.run(asyncio.wait_for(live(database, port, log, outages, kind), last.total_seconds()))
        )
        note(log, ended=os.waitstatus_to_exitcode(os.waitpid(end, 0)[1]))
    finally:
        os.kill(receiver, signal.SIGKILL)
        os.waitpid(receiver, 0)


def moment(chance: random.Random, log: str) -> float:
    """How much longer a life may last: half of them are left until they are sending, however busy the machine is."""
    if chance.random() < 0.5:
        return chance.uniform(0.02, LONGEST)
    size, limit = Path(log).stat().st_size, time.monotonic() + 5
    while Path(log).stat().st_size < size + 200 and time.monotonic() < limit:
        time.sleep(0.001)
    return chance.uniform(0, 0.03)


def forked(work: Callable[[], int | None]) -> int:
    """The id of a child that does `work`, whose result is its exit code; 1 for what it raises."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = work() or 0
    except BaseException:  # noqa: BLE001 # nobody is above it
        traceback.print_exc()
    finally:
        os._exit(code)


def enough(cuts: int) -> int:
    """So many outages of each service that there is something to cut to the end."""
    return cuts + 30


def expected(cuts: int) -> Iterator[str]:
    for service in SERVICES:
        for number in range(1, enough(cuts) + 1):
            for step in (1, 2):
                yield f"{service}#{number}/{step}"


def tally(log: str, cuts: int) -> dict[str, int]:
    """What the log proves: cuts, notices lost, out of order, repeated, and how many repeats cuts and drops excuse.

    `merged`: beginnings that did not get through before their end, which was then told for both.
    """
    rows = [json.loads(line) for line in Path(log).read_text().splitlines()]
    applied = [(r["place"], r["applied"].split("@")[0]) for r in rows if "applied" in r]
    wanted = {(f"/{place}", key) for place in PLACES for key in expected(cuts)}
    merged = {(r["place"], f"{r['applied'].split('/')[0]}/1") for r in rows if r.get("late")}
    first: dict[tuple[str, str], int] = {}
    for position, row in enumerate(applied):
        first.setdefault(row, position)
    known = sorted(first, key=first.__getitem__)
    lanes: dict[tuple[str, str], list[int]] = {}
    for place, key in known:
        thread, step = key.split("/")
        lanes.setdefault((place, thread), []).append(int(step))
    return {
        "cuts": sum("cut" in r for r in rows),
        "told": len(applied),
        "lost": len(wanted - first.keys() - merged),
        "merged": len(merged - first.keys()),
        "disordered": sum(a > b for steps in lanes.values() for a, b in pairwise(steps)),
        "repeats": len(applied) - len(first),
        "excused": sum(r.get("found", 0) for r in rows) + sum(r.get("dropped", False) for r in rows),
        "ended": next((r["ended"] for r in rows if "ended" in r), -1),
    }


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*arguments[:2], int(arguments[2]), int(arguments[3]), Careless if "careless" in arguments else Outbox)
    sys.stdout.write(json.dumps(tally(arguments[1], int(arguments[2]))) + "\n")
