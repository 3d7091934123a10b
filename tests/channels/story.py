"""14 July 2022 in every language: the two notices, line for line."""

from __future__ import annotations

from dataclasses import replace

from bot.model import ChangeKind, Style, Text
from tests.wording.outages import ALL_CLEAR, DOWN, REPORTS, UNREACHED, X, at, told

PLAN = "Breaking news goes to Telegram @newsroom and to the site banner."
STORY: dict[str, tuple[str, str]] = {
    "en": (
        """\
🔴 X (Twitter): down since 2:00 p.m.
Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.
Official status page: no incident reported (as of 2:01 p.m.).
Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.
Plan: Breaking news goes to Telegram @newsroom and to the site banner.
""",
        """\
🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)
The official status page never reported it. Everything else you follow is up.
""",
    ),
    "de": (
        """\
🔴 X (Twitter): ausgefallen seit 14:00 Uhr
Web, app und TweetDeck antworten nicht (HTTP 503). Durch eigene Prüfungen bestätigt (14:01 Uhr).
Offizielle Statusseite: keine Störung gemeldet (Stand: 14:01 Uhr).
Nutzermeldungen: 1.243 in der letzten Stunde, sonst meist 35 (Downdetector). IsItDownRightNow: ausgefallen.
Plan: Breaking news goes to Telegram @newsroom and to the site banner.
""",
        """\
🟢 X (Twitter): ausgefallen seit 14:00 Uhr, seit 14:50 Uhr wieder da (50 Min.)
Die offizielle Statusseite hat die Störung nie gemeldet. Alle anderen Dienste Ihrer Auswahl laufen.
""",
    ),
    "es": (
        """\
🔴 X (Twitter) no funciona desde las 14:00
Web, app y TweetDeck no responden (HTTP 503). Lo confirmaron nuestras comprobaciones a las 14:01.
Página de estado oficial: sin incidencias (consultada a las 14:01).
Avisos de usuarios: 1.243 en la última hora, normalmente 35 (Downdetector). IsItDownRightNow: caído.
Plan: Breaking news goes to Telegram @newsroom and to the site banner.
""",
        """\
🟢 X (Twitter): caído desde las 14:00, restablecido a las 14:50 (50 min)
La página de estado oficial nunca informó de ello. Todo lo demás que sigues funciona.
""",
    ),
    "fr": (
        """\
🔴 X (Twitter)\N{NO-BREAK SPACE}: en panne depuis 14 h
Web, app et TweetDeck ne répondent pas (HTTP 503). Confirmé par nos vérifications à 14 h 01.
Page d'état officielle\N{NO-BREAK SPACE}: aucun incident signalé (relevé à 14 h 01).
Signalements\N{NO-BREAK SPACE}: 1 243 en une heure, contre 35 d'ordinaire (Downdetector). IsItDownRightNow\N{NO-BREAK SPACE}: en panne.
Consigne\N{NO-BREAK SPACE}: Breaking news goes to Telegram @newsroom and to the site banner.
""",
        """\
🟢 X (Twitter)\N{NO-BREAK SPACE}: en panne depuis 14 h, rétabli à 14 h 50 (50 min)
La page d'état officielle ne l'a jamais signalé. Tout le reste de ce que vous suivez fonctionne.
""",
    ),
    "pt": (
        """\
🔴 X (Twitter): fora do ar desde as 14:00
Web, app e TweetDeck não respondem (HTTP 503). Confirmado pelas nossas verificações desde as 14:01.
Página de status oficial: nenhum incidente informado (dados até as 14:01).
Relatos: 1.243 na última hora, normalmente 35 (Downdetector). IsItDownRightNow: fora do ar.
Plano: Breaking news goes to Telegram @newsroom and to the site banner.
""",
        """\
🟢 X (Twitter): restabelecido após queda entre as 14:00 e as 14:50 (50 min)
A página de status oficial nunca informou nada. Todos os outros serviços acompanhados estão no ar.
""",
    ),
}


def style(language: str) -> Style:
    return Style(language, "Europe/Madrid", "12h" if language == "en" else "24h")


def notices(language: str) -> tuple[Text, Text]:
    """Down and restored, as they are worded today."""
    service = replace(X, plan=PLAN)
    down = replace(DOWN, reports=(ALL_CLEAR, REPORTS, UNREACHED))
    over = replace(down, until=at(14, 50))
    return (
        told(ChangeKind.CONFIRMED, down, at(14, 1), style(language), service).words,
        told(ChangeKind.RESTORED, over, at(14, 51), style(language), service).words,
    )
