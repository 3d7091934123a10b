"""What stands around the text of a mail: its label, its date, and why it came."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from bot.model import ChangeKind, Delivery, Notice, Phase, Style
from bot.model.digests import THREAD
from bot.wording.catalog import catalog
from bot.wording.text import clean, stop
from bot.wording.times import reader

OWN = "tocsin:"  # how the audiences of Tocsin itself begin


def label(notice: Notice) -> str:
    """The kind of news in a word or two: "Restored"."""
    say = catalog(notice.style.language).mail_labels
    if notice.document:
        return say.digest
    if isinstance(notice.kind, Phase):
        return say.maintenance
    if notice.kind is ChangeKind.RESTORED:
        return say.up
    return say[notice.tone.value]


def stamp(notice: Notice, now: datetime) -> str:
    """The date and time of the news, with the zone."""
    if notice.document:
        return notice.document.period
    return _stamp(notice.style, notice.at or now)


@lru_cache(maxsize=64)  # many readers of one piece of news
def _stamp(style: Style, at: datetime) -> str:
    return reader(style, at).stamp(at)


def reason_for(delivery: Delivery) -> str:
    """Why the reader gets this mail."""
    notice, name = delivery.notice, delivery.audience
    say = catalog(notice.style.language).mail
    if not name:
        return stop(say.why_direct)
    if notice.thread.startswith(THREAD):
        return stop(say.why_digest.format(name=clean((notice.document and notice.document.name) or name, 60)))
    if name.startswith(OWN):
        return stop(say.why_admin)
    if name == str(delivery.destination):
        return stop(say.why_subscribed)
    return stop(say.why_audience.format(name=clean(name, 60)))


def way_out(notice: Notice, *, by_mail: bool) -> str:
    """How to stop these mails; a link or an address follows."""
    say = catalog(notice.style.language).mail
    return say.stop_by_mail if by_mail else say.stop


def unsubscribe(notice: Notice) -> str:
    """The label of that link."""
    return catalog(notice.style.language).digest_lists.leave_button


def reference(notice: Notice) -> str:
    return catalog(notice.style.language).mail.reference.format(thread=clean(notice.thread, 120))
