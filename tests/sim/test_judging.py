"""The excuses that the judges of a run accept, and those that they do not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.model import Sent
from tests.sim.ledger import Ledger
from tests.sim.lookout import Lookout
from tests.sim.nodes import Fault, Node, Trouble
from tests.sim.promises.messages import _too_late
from tests.sim.script import Stretch, Stretches
from tests.sim.world import Answer


def ledger(trouble: Trouble, *answers: Answer) -> Ledger:
    of = Ledger.__new__(Ledger)
    of.run = SimpleNamespace(nodes=[Node("a", 0, 0, [trouble]), Node("b", 0, 0, [])])
    of.answers = {"x#1/1@slack:one": list(answers)}
    return of


def answer(node: str, began: float, at: float) -> Answer:
    return Answer(began, at, None, applied=True, life=0, receipt=Sent("m1"), node=node)


@pytest.mark.parametrize(
    ("trouble", "first", "second", "excused"),
    [
        pytest.param(Trouble(11, 20, Fault.FROZEN), answer("a", 10, 20), answer("b", 17, 18), 1, id="frozen amid it"),
        pytest.param(Trouble(11, 30, Fault.CUT_OFF), answer("a", 10, 20), answer("b", 17, 18), 1, id="cut off amid it"),
        pytest.param(Trouble(1, 9, Fault.FROZEN), answer("a", 10, 20), answer("b", 17, 18), 0, id="nothing ailed it"),
        pytest.param(Trouble(11, 20, Fault.FROZEN), answer("a", 10, 16), answer("b", 17, 18), 0, id="it was there"),
        pytest.param(Trouble(11, 20, Fault.FROZEN), answer("a", 20, 21), answer("b", 17, 18), 0, id="begun after it"),
        pytest.param(Trouble(11, 20, Fault.FROZEN), answer("a", 10, 20), answer("a", 17, 18), 0, id="its own repeat"),
    ],
)
def test_only_a_frozen_node_is_late_without_fault(trouble, first, second, excused):
    assert ledger(trouble, first, second).belated("x#1/1@slack:one") == excused


@pytest.mark.parametrize(
    ("trouble", "first", "second", "excused"),
    [
        pytest.param(Trouble(11, 16, Fault.FROZEN), answer("a", 10, 20), answer("b", 17, 22), 1, id="frozen amid it"),
        pytest.param(Trouble(11, 16, Fault.CUT_OFF), answer("a", 10, 11), answer("b", 17, 22), 1, id="answered before"),
        pytest.param(Trouble(1, 9, Fault.FROZEN), answer("a", 10, 20), answer("b", 17, 22), 0, id="nothing ailed it"),
        pytest.param(Trouble(18, 30, Fault.FROZEN), answer("a", 10, 20), answer("b", 17, 22), 0, id="frozen later"),
        pytest.param(Trouble(11, 16, Fault.FROZEN), answer("a", 10, 20), answer("a", 17, 22), 0, id="its own repeat"),
    ],
)
def test_only_what_a_frozen_node_could_not_write_down_may_come_again(trouble, first, second, excused):
    assert ledger(trouble, first, second).unheeded("x#1/1@slack:one") == excused


@pytest.mark.parametrize(
    ("killed", "away", "excused"),
    [
        pytest.param(True, None, True, id="killed"),
        pytest.param(False, None, False, id="stopped"),
        pytest.param(False, Stretch(10, 99), True, id="stopped while the database was away"),
        pytest.param(False, Stretch(10, 17.5), True, id="the database was back too late to be tried again"),
        pytest.param(False, Stretch(10, 14), False, id="the database was back in time"),
        pytest.param(False, Stretch(16, 99), False, id="it could be written down before"),
    ],
)
def test_only_a_life_that_could_not_write_may_repeat_what_was_told(killed, away, excused):
    of = Ledger.__new__(Ledger)
    of.script = SimpleNamespace(away=Stretches([away] if away else []), starved=Stretches())
    of.world = SimpleNamespace(lives=[(0, 18, killed)])

    assert _too_late(of, 10) is excused


@pytest.fixture
def looking():
    nodes = [Node(name, 0, 0, [], dead=False, run=1, member=object()) for name in "ab"]
    found = Lookout(None, None, None, nodes)
    found._fallen(0)
    return found, nodes[1]


def test_a_node_that_dies_between_two_looks_has_fallen(looking):
    found, node = looking
    node.dead = True

    assert found._fallen(1)
    assert not found._fallen(2)


def test_a_life_that_begins_and_ends_between_two_looks_has_fallen(looking):
    found, node = looking
    node.dead = True
    found._fallen(1)
    node.run = 2

    assert found._fallen(2)


def test_a_node_that_begins_has_not_fallen(looking):
    found, node = looking
    node.dead = True
    found._fallen(1)
    node.dead, node.run = False, 2

    assert not found._fallen(2)
