"""What stands at the start is not searched for garbage again, and yet is freed."""

from __future__ import annotations

import gc
import weakref

import pytest

from bot.app import open_app
from bot.garbage import unsearched
from tests.test_daemon import made


class Thing:
    """Anything that can be part of a cycle."""


@pytest.fixture(autouse=True, scope="module")
def nothing_exempt():
    """As in a daemon of its own: the tests exempt what they are made of."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


def cycle():
    one, two = Thing(), Thing()
    one.other, two.other = two, one
    return one


def test_only_what_is_made_later_is_searched():
    before = gc.get_objects()
    with unsearched():
        later = cycle()
        searched = gc.get_objects()
        assert len(searched) < len(before) / 10
        assert any(one is later for one in searched)
        gone = weakref.ref(later)
        del later, searched
        gc.collect()
        assert gone() is None
    assert len(gc.get_objects()) > len(before) / 2


def test_what_stands_is_freed_without_a_search_and_its_cycles_at_the_end():
    alone, round_ = Thing(), cycle()
    freed, found = weakref.ref(alone), weakref.ref(round_)
    with unsearched():
        del alone, round_
        gc.collect()
        assert (freed() is None, found() is None) == (True, False)
    gc.collect()
    assert found() is None


def test_whoever_exempted_first_ends_it():
    with unsearched():
        exempt = gc.get_freeze_count()
        with unsearched():
            assert gc.get_freeze_count() <= exempt
        assert gc.get_freeze_count() > exempt / 2


async def test_an_open_app_is_not_searched(tmp_path):
    async with open_app(made(tmp_path)) as home:
        searched = gc.get_objects()
        assert not any(one is home for one in searched)
    assert any(one is home for one in gc.get_objects())
