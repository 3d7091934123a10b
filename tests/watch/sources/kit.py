"""The mutation kit of the status pages: damaged copies of what a page once sent, and what a dialect may make of them.

A damaged page is silence or a part of the truth. It raises nothing but what a dialect may raise, and where the page
itself is well no damage makes an outage of it.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot.model import Health
from bot.watch.sources.dialects.base import CAP, Dialect
from tests.watch.sources.dialects.pages import told

COPIES = 200
DEEP = "[" * 5000 + "]" * 5000
JUNK: tuple[Any, ...] = (
    None,
    0,
    -1,
    1e308,
    float("nan"),
    10**30,  # as an instant: beyond every clock
    "9" * 5000,  # as a number: longer than Python reads
    True,
    "",
    "none of these",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "\ud800\u202e",
    "http://[",
    [],
    {},
    [[]],
    {"name": 1},
    ["x"],
    [None],
)
_ENCODINGS = ("utf-16-le", "utf-16", "utf-32-be", "utf-8-sig", "cp500", "utf-7", "latin-1")
_TAG = re.compile(rb"<[^<>]*>")
_TEXT = re.compile(rb"(?<=>)[^<>]+(?=<)")
_BAD_TEXT = (b"", b"&nbsp;", b"&#0;", b"&bomb;", b"<", b"]]>", b"\xff\xfe", b"9" * 5000, b"<b>x</b>", b"Mon, 99 Foo")

Damage = Callable[[bytes, random.Random], bytes]


def _reencoded(body: bytes, dice: random.Random) -> bytes:
    return body.decode(errors="replace").encode(dice.choice(_ENCODINGS), "replace")


def _huge(body: bytes, dice: random.Random) -> bytes:
    """As much as a page may ever send, most of it nothing; or nested deeper than anybody reads."""
    if dice.random() < 0.5:
        return body[:-1] + b" " * (CAP - len(body)) + body[-1:]
    return DEEP.encode() if dice.random() < 0.5 else b"<a>" * 5000


BYTES: tuple[Damage, ...] = (
    lambda body, dice: body[: dice.randrange(len(body))],
    lambda body, dice: body[dice.randrange(len(body)) :],
    lambda body, dice: bytes(byte ^ (dice.random() < 0.002) * dice.randrange(256) for byte in body),
    lambda body, dice: body.replace(b'"', dice.choice([b"'", b"\xe2\x80\x9c", b""])),
    _reencoded,
    _huge,
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


def damaged_json(body: bytes, dice: random.Random, junk: Sequence[Any] = JUNK) -> bytes:
    """One to four keys are missing, or hold what does not belong there."""
    page = json.loads(body)
    for _ in range(dice.randint(1, 4)):
        # The page's first level is as likely as all of its depth: there a wrong type matters most.
        top = [(page, key) for key in page] if isinstance(page, dict) and dice.random() < 0.4 else []
        node, key = dice.choice(top or places(page) or [({0: 0}, 0)])
        if dice.random() < 0.4:
            del node[key]
        else:
            node[key] = copy.deepcopy(dice.choice(junk))
    return json.dumps(page).encode()


def damaged_text(body: bytes, dice: random.Random) -> bytes:
    """Of XML, HTML or a calendar: one to four tags, texts or lines are missing, twice there, or hold what does not belong."""
    for _ in range(dice.randint(1, 4)):
        found = list(dice.choice((_TAG, _TEXT)).finditer(body)) or list(re.finditer(rb"[^\n]+\n?", body))
        if not found:
            return body
        part = dice.choice(found)
        instead = dice.choice((b"", part[0] * 2, dice.choice(_BAD_TEXT), part[0].swapcase()))
        body = body[: part.start()] + instead + body[part.end() :]
    return body


def damaged(body: bytes, dice: random.Random, junk: Sequence[Any] = JUNK) -> bytes:
    if dice.random() < 0.35:
        return dice.choice(BYTES)(body, dice)
    try:
        json.loads(body)
    except ValueError:
        return damaged_text(body, dice)
    return damaged_json(body, dice, junk)


def verdicts(
    dialect: Dialect,
    *bodies: bytes,
    components: Sequence[tuple[str, ...]] = ((),),
    seed: int = 17,
    copies: int = COPIES,
    junk: Sequence[Any] = JUNK,
) -> Iterator[Health | None]:
    """What is said of each damaged copy of a page that answers with `bodies`; one of them is damaged, or all."""
    dice = random.Random(seed)
    for _ in range(copies):
        chosen = dice.randrange(-1, len(bodies))
        copied = [damaged(body, dice, junk) if chosen in {-1, n} else body for n, body in enumerate(bodies)]
        yield told(dialect, *copied, components=dice.choice(components)).says


def prove_harmless(dialect: Dialect, *bodies: bytes, **how: Any) -> None:
    """`bodies` are of a page that is well, and readable as they are. `junk` may leave out what the dialect takes for "down" (0)."""
    assert told(dialect, *bodies).says is Health.UP
    said = set(verdicts(dialect, *bodies, **how))
    assert said <= {None, Health.UP, Health.DEGRADED}, said
    assert None in said  # some of the damage was seen


def prove_sturdy(dialect: Dialect, *bodies: bytes, **how: Any) -> None:
    """`bodies` are of a page in trouble: whatever is left of it, nothing is raised, and not everything is lost."""
    assert told(dialect, *bodies).says in {Health.DEGRADED, Health.DOWN}
    said = set(verdicts(dialect, *bodies, **how))
    assert None in said
    assert said & {Health.DEGRADED, Health.DOWN}, said
