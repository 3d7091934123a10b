"""A digest made now, from the database beside the daemon, and written to files or sent to one address."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from bot.channels.email import address
from bot.channels.email.render import Letters
from bot.clock import SYSTEM
from bot.config import Config, cron
from bot.contracts import ChannelContext
from bot.incidents.overview import deliveries
from bot.incidents.recorder import Recorder
from bot.model import Delivery, Destination, Digest, Sent
from bot.model.local_time import instants
from bot.net import Network
from bot.notify import digest
from bot.store import open_store
from bot.wiring import setting
from bot.wording import english

NOBODY = "you@example.org"  # the recipient of a preview
A_DAY, LOOK = timedelta(days=1), timedelta(days=70)


async def made(config: Config, name: str, to: str) -> Delivery:
    """The digest of as much time as it covers, up to now."""
    said = config.all_digests()[name]
    place = Destination("email", to)
    async with open_store(config.database, create=False) as store:
        recorder = Recorder(store, setting(config), SYSTEM.utcnow)
        await recorder.load()
        style = said.style(place, recorder.places.of(place), config.style())
        until = SYSTEM.utcnow()
        since = until - (said.covers or usual(said, style.timezone))
        overview = await recorder.overview(since - (until - since))
        log = await deliveries(store, recorder.settings.audiences, overview, (since, until))
    period = digest.Period(since, until)
    (row,) = digest.deliveries(
        name, replace(overview, at=until), period, [place], style, services=said.services, order=said.order, log=log
    )
    return row


def usual(said: Digest, zone: str) -> timedelta:
    """The time between its last two instants; a day if there were fewer."""
    now = SYSTEM.utcnow()
    found = list(instants(cron(said.when, zone), now - LOOK, now))
    return found[-1] - found[-2] if len(found) > 1 else A_DAY


def write(folder: Path, delivery: Delivery, config: Config) -> Iterator[Path]:
    """Write the mail's parts, and the text for chats. Pictures stand beside the page."""
    mail = _mail(delivery, config)
    folder.mkdir(parents=True, exist_ok=True)
    html = mail.get_body(("html",))
    text = mail.get_body(("plain",))
    files: dict[str, bytes] = {"chat.txt": delivery.notice.words.text.encode()}
    if html is not None and text is not None:
        page = re.sub(r'"cid:(\w+)"', r'"\1.png"', html.get_content())
        files |= {"mail.html": page.encode(), "mail.txt": text.get_content().encode()}
    for part in mail.walk():
        if name := part.get_filename():
            files[Path(name).name] = part.get_content().encode()
        elif part["Content-ID"]:
            files[f"{part['Content-ID'].strip('<>')}.png"] = part.get_content()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        yield folder / name


def _mail(delivery: Delivery, config: Config) -> EmailMessage:
    settings = config.opened_channels().get("email")
    sender = getattr(settings, "sender", Address("Tocsin", addr_spec="tocsin@example.org"))
    content = Letters(sender, config.mail.look).write(delivery, address(delivery.destination.place)).content
    return email.message_from_bytes(content, policy=email.policy.default)


async def send(config: Config, delivery: Delivery) -> str:
    """Send it. Return the reason if that fails."""
    settings = config.opened_channels()["email"]
    async with Network() as net, settings.open(ChannelContext(net, (), _none, _none, config.mail.look)) as channel:
        receipt = await channel.send(delivery)
    return "" if isinstance(receipt, Sent) else english(receipt.why)


async def _none(*_: str) -> None:
    return None
