"""The story of one seed: `python -m tests.sim 4711`, or `python -m tests.sim 4711 nodes` of one with several nodes.

Times are seconds of its own clock.
"""

from __future__ import annotations

import sys

from tests.sim import cluster
from tests.sim.engine import runs
from tests.sim.ledger import Ledger
from tests.sim.promises import broken
from tests.sim.script import Stretch


def story(of: Ledger):
    yield from scripted(of)
    yield from happened(of)
    yield from told(of)


def scripted(of: Ledger):
    script = of.script
    for (service, route), stretches in script.truth.items():
        yield from ((one.start, f"truth    {service}/{route} {_shown(one)}") for one in stretches)
    for service, roles in script.words.items():
        for role, words in roles.items():
            yield from ((one.start, f"words    {service} {role} {_shown(one)}") for one in words)
    for kind, faults in script.channels.items():
        yield from ((one.start, f"channel  {kind} {_shown(one)}") for one in faults)
    yield from ((one.start, f"blind    {_shown(one)}") for one in script.blind)
    yield from ((one.start, f"database is away {_shown(one)}") for one in script.away)
    yield from ((at, f"clock    is set by {by:+.0f} s") for at, by in script.steps)
    yield from ((at, f"config   changes: {what}") for at, what in script.changes)
    yield from ((at, f"loop     gets no time for {long:.1f} s") for at, long in script.holds)
    yield from ((at, f"person   deletes what {place} has") for at, place in script.deletions)


def _shown(one: Stretch) -> str:
    places = f" at {', '.join(one.places)}" if one.places else ""
    return f"until {one.end:.1f}: {one.what or ''}{places}"


def happened(of: Ledger):
    world = of.world
    for node in getattr(of.run, "nodes", ()):
        yield from ((one.start, f"node     {node.name} is {one.what} until {one.end:.1f}") for one in node.troubles)
    yield from ((at, f"person   {what} {service}") for at, service, what in world.orders)
    for start, end, killed in world.lives:
        yield start, "life     begins"
        yield end, f"life     {'is killed' if killed else 'ends'}"
    for looked in world.rounds:
        seen = looked.round
        if not (looked.became == "taken" and seen.online and all(reading.ok for reading in seen.readings)):
            outcomes = " ".join(f"{reading.route}={reading.outcome}" for reading in seen.readings)
            yield looked.began, f"round    {seen.service} {outcomes}{'' if seen.online else ' UNSEEN'} {looked.became}"


def told(of: Ledger):
    world = of.world
    for change in of.changes:
        yield of.seconds(change.at), f"change   {change.key} {change.kind} {change.incident.confidence.name}"
    for row in of.rows:
        yield row.queued, f"queued   {row.id} {row.key} for {', '.join(row.ladders) or row.place}"
        if row.settled is not None:
            yield row.settled, f"settled  {row.id} {row.key} {row.status} {row.told_in or ''}"
    for one in world.answers:
        name = type(one.receipt).__name__ if one.receipt else "killed"
        yield one.at, f"answer   {one.delivery.key} since {one.began:.1f}: {name}{', applied' * one.applied}"


def main(seed: int, *how: str) -> int:
    with (cluster.runs if "nodes" in how else runs)() as run:
        ended = run(seed)
        for at, what in sorted(story(Ledger(ended))):
            sys.stdout.write(f"{at:8.1f} {what}\n")
        complaints = broken(ended)
    sys.stdout.write("".join(f"BROKEN   {what}\n" for what in complaints))
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
