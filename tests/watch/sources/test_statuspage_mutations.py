"""Nothing that a status page sends can raise, nor can a damaged page declare an outage."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from bot.model import Health
from bot.watch.sources.statuspage import DIALECT
from tests.watch.sources.pages import CLAUDE, EMMA, GITHUB, OPENAI, SILENT, github, incident, load, told

JUNK: list[Any] = [
    None,
    0,
    -1,
    1e308,
    True,
    "",
    "none of these",
    "\ud800\u202e",
    [],
    {},
    [[]],
    {"name": 1},
    ["x"],
    [None],
]
BYTES = [
    lambda body, dice: body[: dice.randrange(len(body))],
    lambda body, dice: body[dice.randrange(len(body)) :],
    lambda body, dice: bytes(byte ^ (dice.random() < 0.002) * dice.randrange(256) for byte in body),
    lambda body, dice: body.decode().encode(dice.choice(["utf-16-le", "utf-32-be", "cp500", "utf-7"]), "replace"),
    lambda body, dice: body.replace(b'"', dice.choice([b"'", b"\xe2\x80\x9c", b""])),
]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every container with every key in it."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


def mutated(body: bytes, dice: random.Random) -> bytes:
    if dice.random() < 0.35:
        return dice.choice(BYTES)(body, dice)
    page = json.loads(body)
    for _ in range(dice.randint(1, 4)):
        # The page's first level is as likely as all of its depth: there a wrong type matters most.
        node, key = dice.choice(
            [(page, key) for key in page] if page and dice.random() < 0.4 else places(page) or [({0: 0}, 0)]
        )
        if dice.random() < 0.4:
            del node[key]
        else:
            node[key] = copy.deepcopy(dice.choice(JUNK))
    return json.dumps(page).encode()


@pytest.mark.parametrize("path", [GITHUB, OPENAI, EMMA, CLAUDE], ids=lambda path: path.name.split("-20")[0])
def test_no_mutation_of_a_healthy_page_raises_or_says_down(path):
    dice = random.Random(17)
    body = json.dumps({"status": {"indicator": "none"}} | load(path)).encode()
    chosen = [(), ("API Requests", "Login")]
    words = [told(DIALECT, mutated(body, dice), components=dice.choice(chosen)) for _ in range(200)]
    assert {word.says for word in words} <= {None, Health.UP, Health.DEGRADED}
    assert SILENT in words


def test_no_mutation_of_a_page_in_trouble_raises():
    dice = random.Random(18)
    body = json.dumps(
        github(incident(), incident("Second", created_at="0001-01-01T00:00:00+14:00"), Pages="major_outage")
    )
    healths = {told(DIALECT, mutated(body.encode(), dice)).says for _ in range(200)}
    assert {None, Health.DEGRADED} <= healths
