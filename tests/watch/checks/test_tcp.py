"""A port takes connections, or it is said why not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bot.model import Outcome
from bot.net import Network
from bot.watch.checks import TcpCheck
from tests.fakes.site import Site
from tests.reasons import english

SOON = timedelta(seconds=5)


async def test_a_port_that_takes_connections_is_good_and_one_that_does_not_is_bad():
    async with Network() as net:
        async with Site() as site:
            check = TcpCheck(host="127.0.0.1", port=site.port)
            good = await check.run("smtp", net, SOON, fresh=False)
        bad = await check.run("smtp", net, SOON, fresh=True)
    assert (good.route, good.outcome, english(good.why), good.reused) == ("smtp", Outcome.OK, "", False)
    assert good.took > timedelta(0)
    assert (bad.outcome, english(bad.why)) == (Outcome.FAILED, "connection refused")


@pytest.mark.parametrize(
    "fields", [{"host": ""}, {"host": "a b"}, {"host": "http://a"}, {"port": 0}, {"port": 65536}, {"x": 1}]
)
def test_a_mistake_is_refused_at_start(fields):
    with pytest.raises(ValidationError):
        TcpCheck(**({"host": "example.org", "port": 25} | fields))
