"""Damaged copies of every recorded status page, read in every dialect: `python -m tests.watch.sources.fuzz [copies] [seed]`.

Rules: nothing is raised but what a dialect may raise, nothing takes longer than a quarter of a second of CPU, a page that is
well is never called down, and what is said is short and not of a time that has not come.
"""

from __future__ import annotations

import pickle
import random
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial

from bot.model import Health, SourceReport
from bot.watch.sources.dialects.base import LONGEST_HEADLINE, LONGEST_LINK, MOST_COMPONENTS, MOST_PLANNED, Dialect
from bot.watch.sources.dialects.known import DIALECTS
from tests.cpu import allowed, cpu
from tests.watch.sources.dialects.pages import DATA, NOW, told
from tests.watch.sources.dialects.vendors import FILES
from tests.watch.sources.kit import JUNK, damaged

LONGEST = 0.25  # seconds of CPU
MOST = 3  # answers that any dialect asks for
CARED = ((), ("API", "Login", "Storage", "Website", "Compute"))

Bodies = tuple[bytes, ...]


def fixtures() -> Iterator[tuple[str, Bodies]]:
    """Each file alone, as every answer of a page; and those of one page together."""
    for path in sorted(DATA.glob("*.*")):
        if path.suffix in {".json", ".rss", ".xml", ".atom"}:
            yield path.name, (path.read_bytes(),) * MOST
    for vendor, names in FILES.items():
        found = tuple((DATA / f"{name}-shape.json").read_bytes() for name in names)
        yield vendor, found + found[-1:] * (MOST - len(found))


def wrong(word: SourceReport, well: Health | None) -> str:
    """Against which rule it is; empty: none."""
    if word.says is Health.DOWN and well is Health.UP:
        return "a page that is well is called down"
    if word.since is not None and word.since > NOW:
        return "since a time that has not come"
    long = len(word.headline) > LONGEST_HEADLINE or len(word.link) > LONGEST_LINK
    if long or len(word.components) > MOST_COMPONENTS or len(word.planned) > MOST_PLANNED:
        return "says too much"
    return "" if len(pickle.dumps(word)) < 64 * 1024 else "is too large"


def attempt(dialect: Dialect, bodies: Bodies, components: tuple[str, ...], well: Health | None) -> str:
    """How it went: "silence", "understood", or what must never be."""
    said: list[SourceReport] = []
    try:
        taken = cpu(lambda: said.append(told(dialect, *bodies, components=components)), enough=LONGEST / 2)
    except BaseException as error:  # noqa: BLE001 - what is looked for
        return f"{type(error).__name__} escapes"
    if taken > allowed(LONGEST, taken):
        return f"takes {taken:.2f} s"
    return wrong(said[0], well) or ("silence" if said[0].says is None else "understood")


def run(copies: int, seed: int = 1) -> tuple[Counter[str], dict[str, tuple[str, str, Bodies]]]:
    """How they went, and an example of each way: the fixture, the dialect and the bodies."""
    ends: Counter[str] = Counter()
    examples: dict[str, tuple[str, str, Bodies]] = {}
    for name, bodies in fixtures():
        readers = [(one, told(one, *bodies).says) for one in DIALECTS]
        for number in range(copies):
            dice = random.Random(f"{seed}/{name}/{number}")
            junk = tuple(one for one in JUNK if one is True or one != 0)  # to Uptime Kuma 0 is "down", and no damage
            alike = len(set(bodies)) == 1
            change = partial(damaged, dice=dice, junk=junk)
            changed = (change(bodies[0]),) * len(bodies) if alike else tuple(change(body) for body in bodies)
            for dialect, well in readers:
                end = attempt(dialect, changed, dice.choice(CARED), well)
                ends[end] += 1
                examples.setdefault(end, (name, dialect.kind, changed))
    return ends, examples


if __name__ == "__main__":
    ends, examples = run(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(f"{sum(1 for _ in fixtures())} pages, {len(DIALECTS)} dialects:", dict(ends))  # noqa: T201
    bad = ends.keys() - {"silence", "understood"}
    for end in bad:
        name, kind, changed = examples[end]
        print(f"{end}: {name} as {kind}: {changed[0][:300]!r}")  # noqa: T201
    sys.exit(bool(bad))
