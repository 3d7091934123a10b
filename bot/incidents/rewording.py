"""Wording a notice anew after its change's times were corrected (pure)."""

from __future__ import annotations

from dataclasses import replace

from bot import wording
from bot.model import Change, Notice, Service


def reworded(service: Service, before: Change, after: Change, notice: Notice) -> Notice | None:
    """The notice of a change whose times were corrected. None if its text differs from the plain wording of the change:
    written for another rung, with other outages, or under another config.
    """
    style = notice.style
    was, now = (wording.notice(change, service, style) for change in (before, after))
    if was.words != notice.words:
        was, now = wording.advised(was, before.incident), wording.advised(now, after.incident)
    if was.words != notice.words:
        return None
    return replace(notice, words=now.words, root=now.root, line=now.line, at=now.at, since=now.since)
