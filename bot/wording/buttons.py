"""Buttons of a notice: each runs a command that a person could also type."""

from __future__ import annotations

from bot.model import ENDINGS, OURSELVES, Button, Change, Service
from bot.wording.catalog import Catalog
from bot.wording.certificates import only_worn


def buttons(change: Change, service: Service, say: Catalog) -> tuple[Button, ...]:
    """The buttons for an incident. Each names the incident, so that an old button cannot affect a newer one. Endings
    have none, nor do incidents of Tocsin itself and its channels, nor services whose key has several words, as commands
    separate their arguments by spaces.
    """
    if change.kind in ENDINGS or service.channel or service.id == OURSELVES or len(service.id.split()) != 1:
        return ()
    incident, label = change.incident, say.buttons
    people = (Button(label.down, f"report {incident.id}"), Button(label.works, f"report {incident.id} works"))
    return (
        *(() if only_worn(incident) else people),  # users cannot notice an expiring certificate
        *(() if incident.acked_by else (Button(label.acknowledge, f"ack {incident.id}"),)),
        Button(label.mute, f"mute {incident.id} 1h"),
        Button(label.details, f"why {incident.id}"),
    )
