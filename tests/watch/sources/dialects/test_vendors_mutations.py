"""Nothing that these vendors' pages send can raise, nor can a damaged page declare an outage; and each over a real socket."""

from __future__ import annotations

import pytest

from bot.contracts import SourceState
from bot.model import Health
from bot.net import Network
from bot.watch.sources import OfficialPage
from tests.fakes.site import Site, page
from tests.watch.sources.dialects.pages import NOW
from tests.watch.sources.dialects.vendors import FILES, ID, SPOKEN, encoded, made, shaped
from tests.watch.sources.kit import JUNK, prove_harmless, prove_sturdy

MEANT = {"uptimekuma": (0,)}  # "down" itself is no damage
PICKED = ((), ("API", "Website", "App", "Compute"))


@pytest.mark.parametrize("vendor", FILES)
def test_no_mutation_of_a_healthy_page_raises_or_says_down(vendor):
    junk = tuple(one for one in JUNK if one is True or one not in MEANT.get(vendor, ()))
    prove_harmless(SPOKEN[vendor], *encoded(made(vendor, "well")), components=PICKED, junk=junk)


@pytest.mark.parametrize("vendor", FILES)
def test_no_mutation_of_a_page_in_trouble_raises(vendor):
    prove_sturdy(SPOKEN[vendor], *encoded(shaped(vendor)), components=PICKED, seed=18)


AT = {
    "instatus": "/",
    "betterstack": "/",
    "statusio": f"/1.0/status/{ID}",
    "cachet": "/",
    "uptimekuma": "/status/example",
    "statuspal": "/api/v2/status_pages/example",
}


async def read(source, net):
    return await source.read(net, NOW, SourceState())


@pytest.mark.parametrize("vendor", AT)
async def test_a_page_is_read_over_a_real_socket_and_half_of_one_is_silence(vendor):
    async with Network() as net, Site(page(404)) as site:
        source = OfficialPage(kind=vendor, url=site.url(AT[vendor]))
        wanted = SPOKEN[vendor].where(source.url)
        assert (await read(source, net)).says is None
        for address, body in zip(wanted, encoded(shaped(vendor)), strict=True):
            assert (await read(source, net)).says in {
                None,
                Health.DEGRADED,
            }  # some are read by half, none says "all clear"
            site.paths[address.removeprefix(site.url().rstrip("/"))] = page(200, body)
        said = await read(source, net)
        assert (said.says, said.headline != "") == (Health.DEGRADED, True)
        assert [heard.method for heard in site.heard] == ["GET"] * len(site.heard)
