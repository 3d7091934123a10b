"""`python -m tests.cluster [MINUTES] [SEED] [unfenced | unguarded | own-clock]`: three nodes, Patroni, and everything that may befall them.

Printed is what came of it; exit code 0 if all that is promised held, 1 if not, 2 if it could not be tried. The seed chooses
the woes and their order; the machine chooses the moments. With KEEP=FOLDER logs stay there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster import audit, nodes, patroni
from tests.cluster.far import Told, judge
from tests.cluster.torment import LEASE, Run, Woe, play, tormented

SHOWN = 12  # of each sort of wrong
BEFORE = 2.0  # seconds before a woe in which an answer may not have been noted yet
TAKES = frozenset({"kill", "freeze", "cut off", "torn off"})  # woes after which the others must take over


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def take_overs(woes: list[Woe], notes: list[audit.Note]) -> list[float]:
    """After each woe, the seconds until the last share of the node had another owner."""
    times = []
    for woe in woes:
        if woe.what not in TAKES or not woe.alone:
            continue
        ends = min([woe.began + LEASE + 15, *(other.began for other in woes if other.began > woe.began)])
        taken = [
            note.at.timestamp() - woe.began
            for note in notes
            if note.what == "moved"
            and woe.began < note.at.timestamp() < ends
            and note.before.partition("/")[0] == woe.node
            and note.node.partition("/")[0] not in {woe.node, ""}
        ]
        if taken:
            times.append(max(taken))
    return times


def starved(run: Run, notes: list[audit.Note], role: str) -> list[float]:
    """When a share was taken from a node that nothing had befallen: the machine gave it no time to keep its lease."""
    times = [n.at.timestamp() for n in notes if n.what == "moved" and n.share == f"role {role}" and n.before and n.node]
    return [at for at in times if not any(woe.began <= at <= woe.ended + LEASE + 5 for woe in run.woes)]


def excuses(run: Run, notes: list[audit.Note], kind: str) -> list[tuple[float, float]]:
    woes = [(woe.began - BEFORE, woe.ended + 1) for woe in run.woes if kind in woe.kinds]
    return woes + [(at - LEASE - BEFORE, at + 1) for at in starved(run, notes, f"channel:{kind}")]


def told(run: Run, notes: list[audit.Note]) -> Told:
    """What readers got, each channel judged by the woes of the node that had it."""
    parts = []
    for kind in ("slack", "discord", "telegram", "webhook"):
        heard = [one for one in run.far.heard if one.place.startswith(kind)]
        outages = [type(one)(one.service, one.began, one.ended, 1) for one in run.outages]
        parts.append(judge(heard, outages, excuses(run, notes, kind)))
    return Told(
        sum(part.wanted for part in parts),
        tuple(one for part in parts for one in part.lost),
        sum(part.merged for part in parts),
        tuple(one for part in parts for one in part.early),
        tuple(one for part in parts for one in part.invented),
        sum(part.repeats for part in parts),
        sum((part.by_kind for part in parts), Counter()),
        tuple(one for part in parts for one in part.unexcused),
    )


def _spread(times: list[float]) -> str:
    if len(times) < 2:
        return f"{times}"
    parts = statistics.quantiles(times, n=100, method="inclusive")
    return f"p50 {parts[49]:.1f} s, p99 {parts[98]:.1f} s, most {max(times):.1f} s ({len(times)} times)"


def verdict(run: Run, notes: list[audit.Note], minutes: float) -> int:
    found, times = told(run, notes), take_overs(run.woes, notes)
    by = Counter(note.what for note in notes)
    freezes = [woe for woe in run.woes if woe.what == "freeze"]
    logs = "".join(node.log.read_text("utf-8", "replace") for node in run.nodes.values())
    say(
        f"\n{minutes:.0f} minutes, {len(run.outages)} outages of {len(run.services)} services; woes: {dict(run.counts)}"
    )
    say(f"sent {dict(run.far.sent)}, of which applied without an answer {dict(run.far.dropped)}")
    say(f"notices wanted {found.wanted}, lost {len(found.lost)}, told at the end in one line {found.merged}")
    say(f"restored before down {len(found.early)}, told of no outage {len(found.invented)}")
    say(
        f"repeats {found.repeats} {dict(found.by_kind)}, of which after a send that was not ambiguous {len(found.unexcused)}"
    )
    say(f"stale writes {by['stale']}, leases taken while they held {by['stolen']}")
    say(
        f"frozen {len(freezes)} times, caught by the fence {sum(woe.caught > 0 for woe in freezes)} times"
        f" ({sum(woe.caught for woe in freezes)} writes); refused in all {sum(n.fenced for n in run.nodes.values())}"
    )
    roles = [f"channel:{kind}" for kind in run.far.sent]
    say(f"channels that a node lost for want of time: {sum(len(starved(run, notes, role)) for role in roles)}")
    say(f"taken over after {_spread(times)}; the database took no writes for {_spread(run.down)}")
    sorts = (found.lost, found.early, found.invented, found.unexcused, run.troubles)
    sorts += tuple([str(note) for note in notes if note.what == what] for what in ("stale", "stolen"))
    wrong = [one for sort in sorts for one in sort[:SHOWN]]
    wrong += [f"taken over only after {one:.1f} s" for one in times if one > LEASE + 1]
    wrong += [] if any(woe.caught for woe in freezes) else ["no frozen node was caught by the fence"]
    wrong += [f"{logs.count('Traceback')} tracebacks in the logs"] if "Traceback" in logs else []
    say("\n".join(wrong) or "all that is promised held")
    return 1 if wrong else 0


def _set_up() -> None:
    """Say nothing of connections that end, as all of them do here; leave nothing running when we are stopped."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


async def run(minutes: float, seed: int, how: tuple[str, ...]) -> int:
    _set_up()
    with TemporaryDirectory(prefix="tocsin-cluster-", dir="/tmp") as folder:
        try:
            async with tormented(Path(folder), seed, minutes, how) as one:
                one.say = say
                say(f"{time.strftime('%H:%M:%S')} three nodes on two PostgreSQL servers under Patroni; seed {seed}")
                return verdict(one, await play(one, minutes), minutes)
        finally:
            _keep(Path(folder), os.environ.get("KEEP", ""))


def _keep(folder: Path, where: str) -> None:
    if where:
        Path(where).mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            shutil.copy(log, where)


def main(*words: str) -> int:
    if absent := [*patroni.missing(), *([] if nodes.faketime() else ["libfaketime"])]:
        say(f"not tried, and so not passed: {', '.join(absent)} missing. On Debian:")
        say(f"    apt-get install --no-install-recommends {' '.join(patroni.PACKAGES)}")
        return 2
    numbers = [word for word in words if not word.isalpha() and word != "own-clock"]
    how = tuple(word for word in words if word not in numbers)
    minutes = float(numbers[0]) if numbers else 20.0
    return asyncio.run(run(minutes, int(numbers[1]) if len(numbers) > 1 else int(time.time()), how))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
