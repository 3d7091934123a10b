"""An audience is added while it is down: it hears of it at the next start, and of its end. The auditor finds nothing."""

from __future__ import annotations

import pytest

from tests.flow.house import GROUP, eventually, world

pytestmark = pytest.mark.long

CLEAN = [f'tocsin_audit{{finding="{finding}"}} 0.0' for finding in ("stuck", "untold", "dangling")]


def titles(messages):
    return [message.text.splitlines()[0] for message in messages if not message.edited]


async def test_who_is_added_during_an_outage_hears_of_it_and_of_its_end(tmp_path):
    async with world(tmp_path) as street:
        street.keep("telegram", "webhook")
        late = street.config["audiences"].pop("machines")
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            street.fail()
            await street.telegram.until(lambda: street.telegram.applied)
            # It knows that it has told them: what is sent again after an unclean end is another test's story.
            await eventually(lambda: "of x#1/2" in daemon.log)
        assert street.hook.applied == []

        street.config["audiences"]["machines"] = late
        async with street.daemon() as daemon:
            await street.hook.until(lambda: street.hook.applied)
            assert "mended: 1 told late" in daemon.log
            street.heal()
            await street.telegram.until(lambda: len(street.telegram.applied) == 3)
            await street.hook.until(lambda: len(street.hook.applied) == 3)
            metrics = (await daemon.get("/metrics")).text
            assert [line for line in metrics.splitlines() if line.startswith("tocsin_audit")] == CLEAN

        down, restored = titles(street.hook.applied)
        assert titles(m for m in street.telegram.applied if m.place == GROUP) == [down, restored]
        code, printed = await street.tocsin("delivery", "x#1")
        assert code == 0
        assert "4 of 4 messages delivered (x#1)" in printed
