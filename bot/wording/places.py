"""Where a service is bad and where it is fine, as the witnesses in other places see it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Incident, Outcome, Places, Reading, Service
from bot.wording.catalog import Catalog
from bot.wording.reasons import reason
from bot.wording.text import ITEMS, capital, clean, listed, opening, unlinked

LENGTH = 40  # characters of a place's name


def place_name(name: str, say: Catalog) -> str:
    """A place within a sentence; our own may have no name."""
    return unlinked(clean(name, LENGTH)) if name else say.evidence.our_server


def names_of(places: Sequence[str], say: Catalog) -> list[str]:
    return [place_name(one, say) for one in places]


def somewhere(reading: Reading) -> bool:
    """True if the route is bad from some places only."""
    return reading.places is not None and reading.places.some


def only_somewhere(incident: Incident) -> tuple[str, ...]:
    """The places, if all that is bad is bad from some of them only, and known to be fine from others; else none."""
    bad = [one for one in incident.readings if one.outcome in {Outcome.FAILED, Outcome.SLOW}]
    if not bad or not all(somewhere(one) and one.places and one.places.fine for one in bad):
        return ()
    return tuple(dict.fromkeys(place for one in bad if one.places for place in one.places.bad))


def lines(readings: Sequence[Reading], service: Service, say: Catalog) -> list[str]:
    """A sentence for each set of places: "not reachable from London; fine from Madrid". Routes are named unless it
    holds for all of them.
    """
    groups: dict[tuple[Places, Outcome], list[Reading]] = {}
    for one in readings:
        if one.places is not None:
            groups.setdefault((one.places, one.outcome), []).append(one)
    alone = len(groups) == 1
    found = []
    for (places, outcome), group in groups.items():
        said = _sentence(places, outcome, group[0], say)
        # Where the routes fail everywhere, a sentence before has named them.
        if not alone or (places.some and len(group) < len(service.routes)):
            routes = [clean(one.route, LENGTH) or "?" for one in group]
            found.append(say.evidence.fails.format(routes=opening(routes, listed(routes, say)), why=said))
        else:
            found.append(capital(said))
    return found


def _sentence(places: Places, outcome: Outcome, reading: Reading, say: Catalog) -> str:
    where, why = _listed(places.bad, say), unlinked(reason(reading.why, say))
    if outcome is Outcome.SLOW:
        said = say.evidence.slow_from_places.format(places=where)
    elif places.some and why:
        said = say.evidence.from_places_why.format(places=where, why=why)
    else:
        said = say.evidence.from_places.format(places=where)
    if not places.some:
        said = say.evidence.of_places.format(sentence=said, count=len(places.bad), total=places.total)
    return say.evidence.fine_from.format(sentence=said, places=_listed(places.fine, say)) if places.fine else said


def _listed(places: Sequence[str], say: Catalog) -> str:
    """The last name is never replaced by "and 1 more"."""
    return listed(names_of(places, say), say, ITEMS if len(places) == ITEMS else ITEMS - 1)
