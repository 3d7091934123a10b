"""Dates as people and programs write them: one instant in many forms."""

from __future__ import annotations

import pytest

from bot.watch.sources.dialects.dates import date, moment
from tests.watch.sources.dialects.feeds import utc

FORMS = """
Nov 20, 2026 - 11:00 UTC
20/11/2026 11:00 UTC
11/20/2026 11:00 AM UTC
2026/11/20 11:00 UTC
20-Nov-2026 11:00 GMT
Friday, November 20th, 2026 at 12:00 PM (UTC+1)
Fri Nov 20 11:00:00 UTC 2026
20 novembre 2026 à 11h00 UTC
20 novembre 2026 à 12 h 00 CET
20 de noviembre de 2026, 12:00 CET
20.11.26 12:00 MEZ
20.11.2026 12:00 Uhr MEZ
vendredi 20 novembre 2026 12:00 +0100
2026年11月20日 午後8時 JST
2026年11月20日 20時00分 JST
2026年11月20日(金) 20:00 JST
2026/11/20 20:00 JST
2026年11月20日 20:00（JST）
11:00 20.11.2026 UTC
Nov 20 11:00:00 2026 UTC
20 Nov 2026 6:00 AM EST
20 Nov 2026, 4am PDT
20 Nov 2026, 3am PST
20261120T110000Z
20261120T1100Z
2026-11-20T11:00:00.123456789Z
2026-11-20T11:00:00,123Z
2026-11-20 11:00:00 UTC
2026-11-20 11:00:00 +0000 UTC
2026-11-20 12:00 GMT+01:00
2026-11-20T12:00:00+01
2026-11-20T11:00Z
2026-11-20 at 11:00 UTC
20 Nov 2026 11.00 UTC
11:00 UTC, 20 November 2026
11:00am UTC on Friday 20 November 2026
20 Nov 2026 12:00 Europe/Madrid
20 Nov 2026 03:00 America/Los_Angeles
20 Nov 2026 03:00 PT
20 Nov 2026 06:00 ET
20 Nov 2026 12:00 Central European Time
20 Nov 2026 03:00 Pacific Standard Time
20 Nov 2026 11:00 (Coordinated Universal Time)
20 Nov 2026 11:00 UTC+0
20 Nov 2026 11:00 UTC±0
20 nov. 2026, 12:00 p. m. CET
20 nov 2026 12:00 p.m. CET
Fri, 20 Nov 2026 11:00:00 -0000
Fri, 20 Nov 26 11:00:00 GMT
viernes, 20 de noviembre de 2026 11:00 GMT
vie., 20 nov. 2026 11:00 GMT
2026.11.20 20:00 JST
20. November 2026 um 12:00 Uhr (MEZ)
20 november 2026 om 12:00 uur CET
20 novembre 2026 alle 12:00 CET
20 novembre 2026 alle ore 12:00 CET
20 de nov. de 2026 às 08:00 BRT
20 de novembro de 2026 às 08h00 (UTC-3)
1795172400
1795172400000
1795172400.5
/Date(1795172400000)/
20 Nov 2026 11:00 utc
"""


@pytest.mark.hardened(
    "T18", "20 November 2026, 11:00 UTC, in words, figures and zones of eight languages", "understood"
)
def test_an_instant_is_understood_in_any_form(saw):
    forms = FORMS.strip().splitlines()
    read = {form: date(form) for form in forms}
    assert {
        form: at for form, at in read.items() if at is None or at.replace(microsecond=0) != utc(2026, 11, 20, 11)
    } == {}
    saw(f"{len(forms)} forms")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20 Jul 2026 04:00 PT", utc(2026, 7, 20, 11)),  # summer time, by the date
        ("20 Jul 2026 12:00 London", None),
        ("20 Nov 2026 11:00 Mars/Olympus", None),
        ("20 Nov 2026 11:00 IST", None),  # Indian, Irish or Israeli
        ("20 Nov 2026 12:15 AM UTC", utc(2026, 11, 20, 0, 15)),
        ("20 Nov 2026 12:15 PM UTC", utc(2026, 11, 20, 12, 15)),
        ("2026年11月20日 午前0時15分 UTC", utc(2026, 11, 20, 0, 15)),
        ("05/06/2026 11:00 UTC", None),  # of May or of June
        ("0001-01-01T00:00:00+14:00", None),
        ("20 Nov 2026, 99.95 UTC", None),
    ],
)
def test_what_could_be_another_instant_is_not_understood(text, at):
    assert date(text) == at


def test_a_missing_year_is_the_nearest():
    assert moment("Dec 31, 23:00 UTC", utc(2026, 1, 2)).at == utc(2025, 12, 31, 23)
