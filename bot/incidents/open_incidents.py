"""The confirmed open incidents of several services."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot import wording
from bot.model import Confidence, Service, ServiceState


def confirmed(services: Sequence[Service], state: Callable[[str], ServiceState]) -> wording.Others:
    """Confirmed open incidents among the services, whose states `state` reads."""
    found = [(service, state(service.id).incident) for service in services]
    return wording.Others(
        ((service, one) for service, one in found if one is not None and one.confidence is Confidence.CONFIRMED),
        len(services),
    )
