"""A front desk over a real store, and people who say things to it in any room."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

from bot.chat.dispatcher import Dispatcher
from bot.model import Ask, DeliveryStatus, Destination, Style
from bot.watch.user_reports import UserReports
from tests.incidents.test_recorder import House
from tests.store.made import settle, take

ADMIN = "telegram:7"
ROOM = Destination("telegram", "-100777")  # in no config


class Desk:
    """`say` gives the lines of the answer; None for none."""

    def __init__(self, store, audiences=(), *, public=False, rooms=(), paces=None, house=None):
        self.house = house or House(store, audiences)
        record = self.house.recorder
        record.settings = replace(record.settings, public=public, rooms=frozenset(rooms))
        self.looked = []
        self.crowd = UserReports(store, lambda: self.house.now, self.looked.append)
        self.store, self.paces = store, paces or {}
        self.numbers = itertools.count(1)
        self.restart()

    def restart(self):
        """What only lives in the process is gone."""
        self.desk = Dispatcher(
            self.house.recorder, frozenset({ADMIN}), Style(timezone="UTC"), self.crowd, None, self.paces
        )

    def ask(self, text, who="telegram:9", where=ROOM, *, ago=None, **more):
        at = self.house.now - ago if ago else self.house.now
        given = {"key": f"k{next(self.numbers)}", "name": "Ana", "at": at} | more
        return Ask(text, who, where=where, **given)

    async def say(self, text, who="telegram:9", where=ROOM, **more):
        words = await self.desk.answer(self.ask(text, who, where, **more))
        return words.text.splitlines() if words else None

    async def told(self, place):
        """What waits to be sent to a place that is not about an incident, by its title and first line."""
        rows = []
        for kind in ("slack", "email", "telegram", "discord"):
            rows += await take(self.store, kind, self.house.now, limit=50, lease=timedelta(minutes=1))
        for row in rows:
            await settle(self.store, row, DeliveryStatus.SENT, self.house.now, ref="1")
        return [row.notice.words.text.splitlines() for row in rows if row.destination == place]
