"""Spanish for independent trackers."""

from __future__ import annotations

from bot.wording.phrases.shape.trackers import TrackersPhrases

TRACKERS = TrackersPhrases(
    reports="Avisos de usuarios: {count} en la última hora, normalmente {usual} ({source})",
    reports_bare="Avisos de usuarios: {count} en la última hora ({source})",
    problems="{source}: problemas",
    perhaps="{source}: posibles problemas",
    all_clear="🔵 {name}: su página de estado ya no comunica ninguna incidencia ({clock})",
    still_fails="Nuestras propias comprobaciones siguen fallando",
)
