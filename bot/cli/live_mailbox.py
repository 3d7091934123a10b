"""`tocsin check --live` for the mailbox to which mails come back: can we log in, and is its folder there?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from bot.channels.email import EmailSettings
from bot.channels.email.bounce_box import BounceBox
from bot.contracts import ChannelSettings, Net, Reach

WITHIN: Final = 8.0  # seconds for each answer of the server: less than a question has


def mailboxes(kind: str, settings: ChannelSettings) -> Iterator[tuple[str, Callable[[Net], Awaitable[Reach]]]]:
    """A look into the mailbox of a channel, if it has one."""
    if isinstance(settings, EmailSettings) and (box := settings.bounces):

        async def look(_net: Net) -> Reach:
            return await _reach(box, settings)

        yield f"{kind} bounces at {box.host}", look


async def _reach(box: BounceBox, settings: EmailSettings) -> Reach:
    from bot.channels.email import bounces  # noqa: PLC0415 # without such a mailbox it costs nothing

    def probe() -> int:
        return bounces.probe(box, settings.tls(), WITHIN)

    try:
        count = await asyncio.to_thread(probe)
    except (OSError, bounces.Trouble) as error:
        return Reach(False, f"{bounces.named(error, box)}: check channels.email.bounces")
    return Reach(True, f"takes the login, and its folder {box.folder} can be read ({count} mails in it)")
