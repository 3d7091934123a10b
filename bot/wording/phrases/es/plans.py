"""Spanish for planned maintenance."""

from __future__ import annotations

from bot.wording.phrases.shape.plans import PlansPhrases

PLANS = PlansPhrases(
    everything="Todos los servicios",
    several="{count} servicios",
    planned="🛠 {name}: mantenimiento {span}",
    planned_from="🛠 {name}: mantenimiento desde {since}",
    now="🛠 {name}: en mantenimiento hasta {until}",
    now_from="🛠 {name}: en mantenimiento desde {since}",
    moved="🛠 {name}: el mantenimiento pasa a {span}",
    moved_from="🛠 {name}: el mantenimiento cambia, empieza a {since}",
    goes_on="🛠 {name}: el mantenimiento dura ahora hasta {until}",
    cancelled="🛠 {name}: sin mantenimiento {span}, queda anulado",
    cancelled_from="🛠 {name}: sin mantenimiento desde {since}, queda anulado",
    ended="🛠 {name}: fin del mantenimiento ({span})",
    ended_early="🛠 {name}: el mantenimiento acabó antes, a {until}",
    ended_from="🛠 {name}: fin del mantenimiento a {until}",
    overdue="🛠 {name}: el mantenimiento debía acabar a {until}",
    services="Servicios: {names}",
    work="Trabajos: {note}",
    theirs="Anunciado en su página de estado",
    by="Anunciado por {name}",
    was_until="Estaba previsto hasta {until}",
    failing=("{names} aún no responde", "{names} aún no responden"),
    still_shown="Su página de estado lo muestra todavía en curso",
    left="Ya fallaba antes de que terminara el mantenimiento a {at}",
    lasts="En mantenimiento hasta {until}",
    notices=("1 aviso de mantenimiento", "{count} avisos de mantenimiento"),
    windows=("🛠 1 aviso de mantenimiento", "🛠 {count} avisos de mantenimiento"),
    held_back="Mientras tanto no se avisa de ninguna caída; de lo que dure más, sí",
    none="🛠 No hay ningún mantenimiento previsto",
    listed="🛠 Mantenimiento:",
    called_off="🛠 Anotado: {name}, queda anulado el mantenimiento {span}",
    nothing="{name} no tiene ningún mantenimiento que anular",
    unclear="🛠 No queda claro cuándo es",
    over_already="🛠 Eso ya ha pasado",
    form="Se escribe así: «maintenance mail for 1h», «maintenance mail 22:00 23:30 discos nuevos», "
    "«maintenance mail 2026-12-01T22:00 for 90m», «maintenance cancel mail»",
    silent="🛠 {name}: en mantenimiento hasta {until}, por eso no se avisa",
    silent_line="De lo que siga fallando al terminar se avisará entonces",
    was_planned_then="Había un mantenimiento previsto",
    up=("🟢 El otro servicio funciona.", "🟢 Los otros {count} servicios funcionan."),
    all_planned="🛠 Todos los servicios están en mantenimiento",
)
