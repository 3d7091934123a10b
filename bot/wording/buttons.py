"""What may be pressed under a notice: each button is a command that somebody could type."""

from __future__ import annotations

from bot.model import ENDINGS, OURSELVES, Button, Change, Service
from bot.wording.catalog import Catalog
from bot.wording.certificates import only_worn


def buttons(change: Change, service: Service, say: Catalog) -> tuple[Button, ...]:
    """Each names the incident, so that an old one orders nothing about a new one. None under what is over, nor under what is said of ourselves and of the ways to people; nor of a service whose key is
    no single word, for a command could not be told what follows it.
    """
    if change.kind in ENDINGS or service.channel or service.id == OURSELVES or len(service.id.split()) != 1:
        return ()
    incident, label = change.incident, say.buttons
    people = (Button(label.down, f"report {incident.id}"), Button(label.works, f"report {incident.id} works"))
    return (
        *(() if only_worn(incident) else people),  # nobody can tell a certificate's end by using the service
        *(() if incident.acked_by else (Button(label.acknowledge, f"ack {incident.id}"),)),
        Button(label.mute, f"mute {incident.id} 1h"),
        Button(label.details, f"why {incident.id}"),
    )
