"""What is sent when the message that an edit was meant for has been deleted (pure)."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Delivery, DeliveryAction
from bot.notify.place_queue import ANEW

MOST = 3  # replacements for the same news: somebody may delete them all


def replacement(edit: Delivery, leader: str | None) -> Delivery | None:
    """The delivery to queue instead of `edit`; None if nothing needs to be sent.

    `leader`: key of the thread's newest other message there. It is edited, unless it carries this very news itself;
    where there is none, a new message says the present state.
    """
    if not edit.notice.root:
        return None
    key = f"{edit.key}{ANEW}"
    if leader is None:
        notice = replace(edit.notice, words=edit.notice.root, root=None, fresh=False)
        return replace(edit, key=key, action=DeliveryAction.POST, notice=notice)
    told = f"{edit.notice.key}@{edit.destination}"
    return replace(edit, key=key) if leader != told and edit.key.count(ANEW) < MOST else None
