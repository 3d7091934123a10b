"""A chat in which anybody may have an address looked at; the guard, the network and what listens on 127.0.0.1 are real.

The internet is one address, OUTER: what is connected to there comes to a second site on this machine. The guard knows
nothing of it, for it judges before anything is connected to.
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from types import SimpleNamespace

from bot.chat.dispatcher import Dispatcher
from bot.chat.on_demand_check import PORTS, OnDemandChecker
from bot.contracts import Cause
from bot.incidents.settings import Places, Settings
from bot.model import Ask, Destination, Overview, Reason, ReasonCode, Service, ServiceState, Style
from bot.net import Network
from bot.net.errors import TroubleError
from tests.fakes.site import Site

NOON = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)
OUTER = "93.184.215.14"
X = Service("x", "X (Twitter)", ("web",))


class Names:
    """A name server in the pay of the enemy. Each answer in turn, the last one for ever."""

    def __init__(self):
        self.known = {"outer.example": [[OUTER]]}
        self.asked = []

    async def addresses(self, host):
        self.asked.append(host)
        if host.endswith(".missing.example"):
            raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_SUCH_NAME))
        answers = self.known.get(host, [["127.0.0.1"]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Books:
    """As much of a record as a desk needs that only looks."""

    places = Places(SimpleNamespace(subscriptions=None))
    settings = Settings({"x": X}, {}, (), frozenset(), public=True)

    @staticmethod
    def clock():
        return NOON

    def overview_from_memory(self, since):
        return Overview(NOON, ((X, ServiceState("x")),))


class Silent:
    def tallies(self, who):
        return {}


class Chat:
    def __init__(self, net, names, inside, outside, **how):
        self.net, self.names, self.inside, self.outside = net, names, inside, outside
        self.now, self.sees, self.rounds = NOON, True, []
        self.opened = []  # the addresses that anything was connected to
        self.round = None  # what a look at the service gives
        eyes = OnDemandChecker(self._look, self._online, net, lambda: self.now, ports=PORTS | {inside.port}, **how)
        self.desk = Dispatcher(Books(), frozenset(), Style(), Silent(), eyes)
        self._numbers = itertools.count()

    async def say(self, text, who=None, language="en"):
        """The answer; a new person each time, unless it is said who."""
        number = next(self._numbers)
        self.desk.__dict__["style"] = Style(language)
        ask = Ask(text, who or f"slack:T1/U{number}", "Eve", Destination("slack", "C1"), self.now, str(number))
        return await self.desk.answer(ask)

    def outer(self, path="/", host="outer.example"):
        return f"http://{host}:{self.inside.port}{path}"

    async def _look(self, service):
        self.rounds.append(service)
        return self.round

    async def _online(self):
        return self.sees

    def lay_the_line(self, monkeypatch):
        """To OUTER, and nowhere else beyond this machine."""
        loop = asyncio.get_running_loop()
        real = loop.create_connection

        async def create_connection(make, host, port, **more):
            self.opened.append(host)
            if host == OUTER:
                return await real(make, "127.0.0.1", self.outside.port, **more)
            assert host.startswith(("127.", "0.0.0.0")) or host in {"::1", "::ffff:127.0.0.1"}, host
            return await real(make, host, port, **more)

        monkeypatch.setattr(loop, "create_connection", create_connection)


class Street:
    """Opens it all: `async with Street(monkeypatch) as chat`."""

    def __init__(self, monkeypatch, **how):
        self.monkeypatch, self.how = monkeypatch, how
        self.names, self.inside, self.outside = Names(), Site(), Site()

    async def __aenter__(self):
        self.net = Network(resolver=self.names)
        for part in (self.net, self.inside, self.outside):
            await part.__aenter__()
        chat = Chat(self.net, self.names, self.inside, self.outside, **self.how)
        chat.lay_the_line(self.monkeypatch)
        return chat

    async def __aexit__(self, *error):
        for part in (self.outside, self.inside, self.net):
            await part.__aexit__(*error)
