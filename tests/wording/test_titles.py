"""The first line of an open incident, word for word, and within a lock screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.model import ChangeKind, Confidence, Health, Incident, Style
from tests.wording.outages import (
    DOWN,
    EN,
    ES,
    INVESTIGATING,
    LIKELY,
    PARTLY,
    POSSIBLE,
    SLOW,
    THEIRS,
    UNSTABLE,
    X,
    at,
    bad,
    slow,
    told,
)

TITLES: list[tuple[ChangeKind, Incident, datetime, str, str]] = [
    (
        ChangeKind.CONFIRMED,
        DOWN,
        at(14, 1),
        "🔴 X (Twitter): down since 2:00 p.m.",
        "🔴 X (Twitter) no funciona desde las 14:00",
    ),
    (
        ChangeKind.WORSENED,
        DOWN,
        at(14, 9),
        "🔴 X (Twitter): down since 2:00 p.m.",
        "🔴 X (Twitter) no funciona desde las 14:00",
    ),
    (
        ChangeKind.CONFIRMED,
        PARTLY,
        at(14, 1),
        "🟠 X (Twitter): partly down since 2:00 p.m. (TweetDeck)",
        "🟠 X (Twitter) falla en parte desde las 14:00: TweetDeck",
    ),
    (
        ChangeKind.CONFIRMED,
        replace(PARTLY, readings=()),
        at(14, 1),
        "🟠 X (Twitter): partly down since 2:00 p.m.",
        "🟠 X (Twitter) falla en parte desde las 14:00",
    ),
    (
        ChangeKind.CONFIRMED,
        SLOW,
        at(14, 1),
        "🟠 X (Twitter): slow since 2:00 p.m. (web)",
        "🟠 X (Twitter) va lento desde las 14:00: web",
    ),
    (
        ChangeKind.EASED,
        replace(PARTLY, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter): now only partly down (TweetDeck), in trouble since 2:00 p.m.",
        "🟠 X (Twitter) ahora falla solo en parte: TweetDeck (problemas desde las 14:00)",
    ),
    (
        ChangeKind.EASED,
        replace(SLOW, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter): now only slow (web), in trouble since 2:00 p.m.",
        "🟠 X (Twitter) ahora solo va lento: web (problemas desde las 14:00)",
    ),
    (
        ChangeKind.OPENED,
        POSSIBLE,
        at(14),
        "🟡 X (Twitter): may have been down since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría no funcionar desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        ChangeKind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=bad("app")),
        at(14),
        "🟡 X (Twitter): may have been partly down since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría fallar en parte desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        ChangeKind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=(slow("app"),)),
        at(14),
        "🟡 X (Twitter): may have been slow since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría ir lento desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        ChangeKind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=()),
        at(14),
        "🟡 X (Twitter): may have had trouble since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría tener problemas desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        ChangeKind.OPENED,
        LIKELY,
        at(14),
        "🟠 X (Twitter): probably down since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente no funciona desde las 14:00 aprox.",
    ),
    (
        ChangeKind.OPENED,
        replace(LIKELY, health=Health.DEGRADED, readings=bad("app")),
        at(14),
        "🟠 X (Twitter): probably partly down since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente falla en parte desde las 14:00 aprox.",
    ),
    (
        ChangeKind.OPENED,
        replace(LIKELY, health=Health.DEGRADED, readings=(slow("app"),)),
        at(14),
        "🟠 X (Twitter): probably slow since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente va lento desde las 14:00 aprox.",
    ),
    (
        ChangeKind.OPENED,
        replace(THEIRS, reports=(replace(INVESTIGATING, headline="Elevated errors"),)),
        at(14, 21),
        '🟠 X (Twitter): status page reports "Elevated errors" (2:21 p.m.)',
        "🟠 X (Twitter): su página de estado informa: «Elevated errors» (14:21)",
    ),
    (
        ChangeKind.OPENED,
        replace(THEIRS, health=Health.DOWN, reports=(replace(INVESTIGATING, headline="", says=Health.DOWN),)),
        at(14, 21),
        "🟠 X (Twitter): status page reports an outage (2:21 p.m.)",
        "🟠 X (Twitter): su página de estado informa de una caída (14:21)",
    ),
    (
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(replace(INVESTIGATING, headline="Errors"),), official_at=at(14, 21)),
        at(14, 21),
        '🔵 X (Twitter): status page now says "Errors" (2:21 p.m., 21 min after us)',
        "🔵 X (Twitter): su página de estado dice «Errors» (14:21)",
    ),
    (
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(INVESTIGATING,), official_at=at(14, 21)),
        at(14, 21),
        '🔵 X (Twitter): status page says "Investigating elevated errors" (2:21 p.m.)',
        "🔵 X (Twitter): su página de estado dice «Investigating elevated errors» (14:21)",
    ),
    (
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(replace(INVESTIGATING, headline=""),), official_at=at(14, 21)),
        at(14, 21),
        "🔵 X (Twitter): status page now reports trouble (2:21 p.m.)",
        "🔵 X (Twitter): su página de estado informa ahora de problemas (14:21)",
    ),
    (
        ChangeKind.ACKNOWLEDGED,
        replace(DOWN, acked_by="Ana", acked_at=at(14, 5)),
        at(14, 5),
        "👀 X (Twitter): Ana is looking into it (2:05 p.m.)",
        "👀 X (Twitter): Ana se está ocupando (14:05)",
    ),
    (
        ChangeKind.REMINDED,
        DOWN,
        at(15, 30),
        "🔴 X (Twitter): still down after 1 h 30 min (since 2:00 p.m.)",
        "🔴 X (Twitter) sigue sin funcionar tras 1 h 30 min (desde las 14:00)",
    ),
    (
        ChangeKind.REMINDED,
        PARTLY,
        at(14, 30),
        "🟠 X (Twitter): still partly down after 30 min (since 2:00 p.m.)",
        "🟠 X (Twitter) sigue fallando en parte tras 30 min (desde las 14:00)",
    ),
    (
        ChangeKind.REMINDED,
        SLOW,
        at(14, 30),
        "🟠 X (Twitter): still slow after 30 min (since 2:00 p.m.)",
        "🟠 X (Twitter) sigue lento tras 30 min (desde las 14:00)",
    ),
    (
        ChangeKind.REMINDED,
        UNSTABLE,
        at(15),
        "🔴 X (Twitter): still unstable after 1 h (since 2:00 p.m.)",
        "🔴 X (Twitter) sigue inestable tras 1 h (desde las 14:00)",
    ),
    (
        ChangeKind.REMINDED,
        POSSIBLE,
        at(14, 30),
        "🟡 X (Twitter): may still be in trouble after 30 min (since about 2:00 p.m.)",
        "🟡 X (Twitter) podría seguir con problemas tras 30 min (desde las 14:00 aprox.)",
    ),
    (
        ChangeKind.CONFIRMED,
        UNSTABLE,
        at(14, 31),
        "🔴 X (Twitter): down again, unstable since 2:00 p.m. (down 3 times)",
        "🔴 X (Twitter) ha vuelto a caer, inestable desde las 14:00: 3 caídas",
    ),
    (
        ChangeKind.CONFIRMED,
        replace(PARTLY, unstable_since=at(14), outages=3),
        at(14, 31),
        "🟠 X (Twitter): unstable since 2:00 p.m. (in trouble 3 times)",
        "🟠 X (Twitter) está inestable desde las 14:00: 3 fallos",
    ),
    (
        ChangeKind.OPENED,
        replace(DOWN, health=Health.UNKNOWN, worst=Health.UNKNOWN),
        at(14),
        "⚫ X (Twitter): no data since 2:00 p.m.",
        "⚫ X (Twitter): sin datos desde las 14:00",
    ),
]


@pytest.mark.parametrize(("kind", "incident", "when", "english", "spanish"), TITLES)
def test_the_first_line_is_word_for_word(
    kind: ChangeKind, incident: Incident, when: datetime, english: str, spanish: str
) -> None:
    assert told(kind, incident, when).words.title == english
    assert told(kind, incident, when, ES).words.title == spanish


def test_a_name_is_cut_only_as_far_as_needed() -> None:
    long = replace(X, name="The extraordinarily long name of a service that nobody wants to read")
    down = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), service=long).words.title
    assert down == "🔴 The extraordinarily long name of a service that nobody…: down since 2:00 p.m."
    assert len(down) == 79


def test_twenty_routes_are_counted() -> None:
    many = replace(PARTLY, readings=bad(*(f"region {n:02}" for n in range(20))))
    assert told(ChangeKind.CONFIRMED, many, at(14, 1)).words.title == (
        "🟠 X (Twitter): partly down since 2:00 p.m. (region 00, region 01 and 18 more)"
    )
    wide = replace(PARTLY, readings=bad(*(f"the region of number {n:02} of twenty" for n in range(20))))
    assert told(ChangeKind.CONFIRMED, wide, at(14, 1)).words.title == (
        "🟠 X (Twitter): partly down since 2:00 p.m. (20 routes)"
    )


def test_confidence_below_confirmed_never_shows_the_unstable_claim() -> None:
    assert (
        "may have been down"
        in told(ChangeKind.OPENED, replace(UNSTABLE, confidence=Confidence.POSSIBLE), at(14)).words.title
    )


@pytest.mark.parametrize("style", [EN, ES, Style("es", "Europe/Madrid", "12h"), Style("en", "Europe/Madrid", "24h")])
def test_a_long_name_is_cut_and_state_and_time_never(style: Style) -> None:
    long = replace(X, name="The extraordinarily long name of a service that nobody would ever want to have to read")
    for kind, incident, when, *_ in TITLES:
        title = told(kind, incident, when, style, long).words.title
        assert len(title) <= 80
        assert "…" in title
