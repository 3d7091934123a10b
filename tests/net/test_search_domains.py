"""Names with a dot are asked for as they stand; those of one word may be in a search domain."""

from __future__ import annotations

import pytest

from bot.contracts import Answer, Cause
from bot.net import Network, dns
from bot.net.dns import Resolver
from tests.fakes.nameserver import NameServer, address
from tests.fakes.site import Site
from tests.reasons import english

WILD = [("A", address("127.0.0.1"))]


class Wildcard(dict):
    """Everything in corp.lan is there, and nothing else."""

    def get(self, name, default=None):
        return WILD if name.endswith("corp.lan") else super().get(name, default)


@pytest.fixture
def _searching(monkeypatch):
    monkeypatch.setattr(dns, "ATTEMPT", 0.2)
    monkeypatch.setenv("LOCALDOMAIN", "corp.lan")


@pytest.fixture(params=["ndots:1", "ndots:5"])
def ndots(request, monkeypatch, _searching):
    monkeypatch.setenv("RES_OPTIONS", request.param)


@pytest.mark.hardened(
    "T10", "a search domain with a wildcard, and a name that is gone", "no such name: asked for as it stands"
)
@pytest.mark.parametrize("host", ["gone.example.org", "gone.example.org.", "a.b"])
@pytest.mark.usefixtures("ndots")
async def test_a_name_with_a_dot_is_in_no_search_domain(get, host):
    async with NameServer() as server, Site() as site:
        server.zone = Wildcard(server.zone)
        names = Resolver([server.address])
        async with Network(resolver=names) as net:
            seen = await get(net, site.url(host=host))
        await names.close()
    assert (seen.cause, english(seen.why)) == (Cause.NO_SUCH_NAME, "no such name")
    assert not [asked for asked in server.asked if "corp" in asked]


@pytest.mark.hardened("T10", "a name of one word, as containers have; localhost; a name of the hosts file", "found")
@pytest.mark.parametrize("host", ["db", "localhost", "localhost."])
@pytest.mark.usefixtures("ndots")
async def test_a_name_of_one_word_is_found(get, host):
    async with NameServer() as server, Site() as site:
        server.zone = Wildcard(server.zone)
        names = Resolver([server.address])
        async with Network(resolver=names) as net:
            if host.endswith("."):
                seen = await net.connect(host, site.port, timeout=resolve_timeout())
                assert not hasattr(seen, "cause")
            else:
                assert isinstance(await get(net, site.url(host=host)), Answer)
        await names.close()


def resolve_timeout():
    from datetime import timedelta

    return timedelta(seconds=5)
