"""An address is asked by mail, confirms by its link, gets the digest, and leaves by one click; a dead one gets no more."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from bot.model import Destination
from tests.fakes.mail import FakeRelay
from tests.fakes.site import Site
from tests.flow.house import eventually
from tests.flow.test_digest import EIGHT, FRIDAY, _often, living, made  # noqa: F401
from tests.scheduler.digest_house import DAY, runs

pytestmark = pytest.mark.long

ANA = Destination("email", "ana@example.org")
LINK = re.compile(r"https://status\.example\.org(/(?:confirm|unsubscribe)/[\w-]+)")


def of(folder, site, relay):
    config = made(folder, site, relay)
    web = config.web.model_copy(update={"public_url": "https://status.example.org"})
    return config.model_copy(update={"web": web})


def link(mail):
    return LINK.search(mail.text.replace(" \n", "")).group(1)


async def test_from_the_question_to_the_last_digest(tmp_path):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = of(tmp_path, site, relay)
        async with living(config, FRIDAY) as (home, stop):
            life = asyncio.create_task(home.live(stop))
            people, settings = home.recorder.places.digests, home.recorder.settings
            url = f"http://127.0.0.1:{home.socket.getsockname()[1]}"
            style = settings.style
            await people.ask(
                settings.digests["comms"], ANA, "telegram:7", home.clock(), page=settings.page, style=style
            )
            home.outbox.wake()
            await eventually(lambda: [mail for mail in relay.applied if mail.place == ANA.place])
            (question,) = [mail for mail in relay.applied if mail.place == ANA.place]
            assert question.raw["List-Unsubscribe"] is None
            async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as web:
                confirmed = await web.post(link(question), data={"do": "confirm"})
                assert confirmed.status_code == 200
                await eventually(lambda: _coming(home, 2))
                stop.set()
                await life
        async with living(config, EIGHT + 3 * DAY) as (home, stop):
            life = asyncio.create_task(home.live(stop))
            url = f"http://127.0.0.1:{home.socket.getsockname()[1]}"
            await eventually(lambda: len([mail for mail in relay.applied if mail.place == ANA.place]) >= 2)
            digest = [mail for mail in relay.applied if mail.place == ANA.place][-1]
            boss = [mail for mail in relay.applied if mail.place != ANA.place][-1]
            assert digest.raw["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert boss.raw["List-Unsubscribe-Post"] is None
            assert "https://" not in str(boss.raw["List-Unsubscribe"])
            async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as web:
                left = await web.post(link(digest), data={"List-Unsubscribe": "One-Click"})
                assert left.status_code == 200
            await eventually(lambda: _only_boss(home))
            stop.set()
            await life


async def _coming(home, count):
    return len(await runs(home.store, coming=True)) == count


async def _only_boss(home):
    return {place for _, place, _, _ in await runs(home.store, coming=True)} == {"comms@example.org"}


async def test_an_address_that_no_longer_exists_is_marked_and_the_admins_are_told_once(tmp_path, saw):
    async with Site(keep=True) as site, FakeRelay() as relay:
        config = of(tmp_path, site, relay).model_copy(update={"admins": frozenset({"email:admin@example.org"})})
        async with living(config, FRIDAY) as (home, stop):
            life = asyncio.create_task(home.live(stop))
            people = home.recorder.places.digests
            await people.subscribe("comms", ANA, "telegram:7", home.clock())
            relay.say("RCPT", "550 5.1.1 No such user here", times=2)
            await eventually(lambda: people.undeliverable)
            await eventually(lambda: not relay._script["RCPT"])
            stop.set()
            await life
        gone = set(people.undeliverable)
        assert gone == {ANA, Destination("email", "comms@example.org")}
        async with living(config, EIGHT + 4 * DAY) as (home, stop):
            life = asyncio.create_task(home.live(stop))
            await eventually(lambda: [mail for mail in relay.applied if mail.place == "admin@example.org"])
            await asyncio.sleep(2)
            assert await runs(home.store, coming=True) == []
            stop.set()
            await life
        told = [mail for mail in relay.applied if mail.place == "admin@example.org"]
        assert len(told) == 2
        assert all("It gets no digest any more" in mail.text for mail in told)
        assert {mail.place for mail in relay.applied} == {"admin@example.org"}
        saw(f"{len(told)} addresses, {len(told)} mails to the admins")
