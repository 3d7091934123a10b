"""Spanish for quiet hours, escalations and corrections."""

from __future__ import annotations

from bot.wording.phrases.shape.wishes import WishesPhrases

WISHES = WishesPhrases(
    unacked="Nadie se está ocupando todavía",
    to_ack="Quien se ocupe envía «ack {service}»",
    taken_back_span="Nuestros avisos de problemas ({span}) eran erróneos",
    taken_back_now="⚪ {name}: se retiran los avisos de problemas desde {since}",
    taken_back_then="⚪ {name}: se retiran los avisos de problemas ({span})",
    reopens="No se dirá nada más hasta que empeore, o hasta que responda y vuelva a fallar",
    all_hear="Lo sabrán todos los que recibieron el aviso",
    was_taken_back="{name}: eso ya está retirado",
    nothing_to_take_back="{name} no ha tenido en 7 días ningún problema del que retractarse",
    quiet="🌙 Horas de silencio aquí: {span}",
    quiet_but="Se avisa igualmente de: {hears}",
    quiet_off="🔔 Aquí no hay horas de silencio",
    caught_up="Lo que se retiene se cuenta en un solo mensaje al acabar",
    no_hours="No queda claro qué horas son",
    hours_like="Se escriben así: «quiet 22:00-07:00», «quiet 22:00-07:00 except down», «quiet off»",
    language_set="✅ Los avisos de aquí irán en español a partir de ahora",
    language_unknown="Aquí no se habla el idioma {said}",
    zone_set="✅ Las horas de aquí son las de {zone}: ahora, {clock}",
    zone_unknown="No existe la zona horaria {said}",
    zone_now="Zona horaria: {zone}",
    subscribe_first="Envía antes «subscribe»",
)
