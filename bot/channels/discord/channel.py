"""An open Discord channel: posts, replies and edits by a REST-only client, and the gateway for commands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bot import wording
from bot.channels import aiohttp_tls
from bot.channels.discord import PORTAL, gateway
from bot.channels.discord.reach import Reacher
from bot.channels.discord.receipts import PLAINER, TROUBLE, UNKNOWN_MESSAGE, Limited, invalid, judge, uneditable
from bot.channels.discord.render import nonce, tag, written
from bot.channels.discord.session import Call, Session, created_at, point
from bot.channels.providers import unsendable
from bot.contracts import Answering, ChannelContext, Reach
from bot.model import Delivery, DeliveryAction, Later, Reason, ReasonCode, Receipt, RefusalScope, Refused, Sent

log = logging.getLogger(__name__)

OPENING = 5.0  # seconds that opening waits for Discord: a start must not depend on a provider
LOOK_BACK = 20  # messages searched for one that may have arrived


@asynccontextmanager
async def connect(
    token: str, api_url: str, gateway_url: str | None, timeout: float, desk: ChannelContext
) -> AsyncIterator[DiscordChannel]:
    aiohttp_tls.share()
    point(api_url, gateway_url)
    session = Session(token)
    try:
        await _log_in_early(session, min(timeout, OPENING))
        yield DiscordChannel(session, token, timeout, desk)
    finally:
        await session.close()


async def _log_in_early(session: Session, patience: float) -> None:
    try:
        async with asyncio.timeout(patience):
            await session.client()
    except Exception as trouble:  # noqa: BLE001  the boundary of a channel: the next hand-over tries again and reports
        log.warning("Discord: %s", wording.english(judge(trouble, left=False, timeout=patience).why))


class DiscordChannel:
    def __init__(self, session: Session, token: str, timeout: float, desk: ChannelContext) -> None:
        self._session = session
        self._token = token
        self._timeout = timeout  # seconds for one hand-over
        self._desk = desk
        self._reacher = Reacher(session, timeout)

    async def send(self, delivery: Delivery) -> Receipt:
        if fault := unsendable(self._token, "channels.discord.token", PORTAL):
            return Refused(fault, RefusalScope.ACCOUNT)
        call = Call()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._hand_over(delivery, call)
        except (discord.DiscordException, Limited, *TROUBLE) as trouble:
            return judge(trouble, left=call.left, timeout=self._timeout)
        except Exception as trouble:  # the boundary of a channel: a 200 that is no message, or a bug of ours
            log.debug("Discord: %s of %s", type(trouble).__name__, delivery.key, exc_info=True)
            return judge(trouble, left=call.left, timeout=self._timeout)

    async def listen(self, answer: Answering) -> None:
        if self._desk.commands:
            await gateway.hear(self._token, self._desk, answer, self._timeout)

    async def account(self) -> Reach:
        return await self._reacher.account()

    async def reach(self, place: str) -> Reach:
        return await self._reacher.reach(place)

    async def _hand_over(self, delivery: Delivery, call: Call) -> Receipt:
        client, place = await self._session.client(), delivery.destination.place
        if (number := await _number(client, place)) is None:
            return Refused(invalid(place), RefusalScope.DESTINATION)
        channel = client.get_partial_messageable(number)
        if delivery.action is DeliveryAction.EDIT:
            return await self._edit(channel, delivery, call)
        if delivery.unsure and (found := await self._found(channel, delivery, client.user)):
            return found
        return await self._post(channel, delivery, call)

    async def _post(self, channel: discord.PartialMessageable, delivery: Delivery, call: Call) -> Sent:
        message, quiet = written(delivery), not delivery.notice.fresh
        first = _reference(channel.id, delivery.root)
        form: dict[str, Any] = {"content": message.content, "embeds": message.embeds, **first}
        if message.view:
            form["view"] = message.view
        gone = False
        while True:
            try:
                with call:
                    posted = await channel.send(**form, nonce=nonce(delivery), silent=quiet)
                break
            except discord.HTTPException as refusal:
                if refusal.code == UNKNOWN_MESSAGE and "reference" in form:
                    gone = bool(form.pop("reference"))
                elif refusal.code in PLAINER and "embeds" in form:
                    form = {"content": message.text}
                else:
                    raise
        gone = gone or ("reference" in form and not _answers(posted))
        return Sent(str(posted.id), found=delivery.unsure and call.repeats(created_at(posted)), anew=gone)

    async def _edit(self, channel: discord.PartialMessageable, delivery: Delivery, call: Call) -> Receipt:
        if not delivery.root or not delivery.root.isdecimal():
            return Refused(Reason.of(ReasonCode.NO_FIRST_MESSAGE), RefusalScope.MESSAGE)
        message, first = written(delivery), channel.get_partial_message(int(delivery.root))
        try:
            with call:
                await first.edit(content=message.content, embeds=message.embeds, view=message.view)
        except discord.HTTPException as refusal:
            if gone := uneditable(refusal):
                return gone
            if refusal.code not in PLAINER:
                raise
            with call:
                await first.edit(content=message.text, embeds=[], view=None)
        return Sent(delivery.root)

    async def _found(
        self, channel: discord.PartialMessageable, delivery: Delivery, us: discord.ClientUser | None
    ) -> Sent | Later | None:
        """Look for a post that may have arrived, by its tag: Discord remembers its nonce for minutes only.

        If it is absent, it may be worded again with newer changes. None if nothing can be read: then post with the same
        nonce rather than not at all.
        """
        try:
            async with asyncio.timeout(self._timeout / 3):
                async for message in channel.history(limit=LOOK_BACK):
                    if message.author == us and _bears(message, tag(delivery)):
                        # A post without a reference was made where replies are not allowed.
                        anew = bool(delivery.root and message.embeds) and not _answers(message)
                        return Sent(str(message.id), found=True, anew=anew)
                return Later(Reason.of(ReasonCode.NOT_ARRIVED), absent=True)
        except (discord.DiscordException, Limited, *TROUBLE) as trouble:
            log.debug("Discord: no look back for %s (%s)", delivery.key, type(trouble).__name__)
        return None


async def _number(client: discord.Client, place: str) -> int | None:
    """The id of a place's channel; for "@9999" that of the direct messages to this person. None if it is no id."""
    if place.startswith("@") and place[1:].isdecimal():
        return (await client.create_dm(discord.Object(int(place[1:])))).id
    return int(place) if place.isdecimal() else None


def _reference(channel: int, root: str | None) -> dict[str, Any]:
    if not root or not root.isdecimal():
        return {}
    # The first message may have been deleted: what follows must be sent all the same.
    return {"reference": discord.MessageReference(message_id=int(root), channel_id=channel, fail_if_not_exists=False)}


def _answers(message: discord.Message) -> bool:
    """Whether it replies to a message that still exists."""
    said = message.reference
    return said is not None and not isinstance(said.resolved, discord.DeletedReferencedMessage)


def _bears(message: discord.Message, wanted: str) -> bool:
    return message.content.endswith(f"\n-# {wanted}") or any(embed.footer.text == wanted for embed in message.embeds)
