"""A provider refuses whatever goes beyond its documented limits: all are told nearly as soon as these allow."""

from __future__ import annotations

from bot.channels.telegram import TelegramSettings
from bot.model import Destination
from tests.fakes.limits import TELEGRAM
from tests.sim.channels import held
from tests.store.made import delivery

COUNT = 1000
LEAST = 33  # seconds: thirty in any second, the first of them at once


def test_a_broadcast_takes_hardly_longer_than_it_must_and_nothing_is_refused(tmp_path):
    async def work(hall):
        rows = [delivery(to=Destination("telegram", str(1000 + number))) for number in range(COUNT)]
        await hall.store.deliveries.add(rows, hall.clock())
        hall.outbox.wake()
        await hall.drained(60)

        limits = hall.takers["telegram"].limits
        assert limits.refused == []
        assert len({place for _, place in limits.taken}) == len(limits.taken) == COUNT
        assert LEAST <= limits.taken[-1][0] <= 1.05 * LEAST

    held(tmp_path, {"telegram": (TelegramSettings, TELEGRAM)}, work)
