"""Spanish for rooms, changes to a place and what is not done."""

from __future__ import annotations

from bot.wording.phrases.shape.rooms import RoomsPhrases

ROOMS = RoomsPhrases(
    stranger="🔒 Este lugar no tiene acceso",
    stranger_how='Un administrador de este bot puede dárselo con "{command}"',
    stranger_here='O bien un administrador envía "allow" aquí mismo',
    allowed="🔓 {place} tiene acceso: desde allí se puede preguntar y suscribirse",
    allowed_already="{place} ya tenía acceso",
    disallowed="🔒 {place} ya no tiene acceso: allí no se responde nada y su suscripción termina",
    never_allowed="Ningún administrador dio acceso a {place}",
    named_in_config="La configuración nombra {place}: para quitarle el acceso, bórralo allí",
    no_room="No queda claro qué lugar es",
    rooms_like='Envía "{command}" en el propio lugar, o "{command} telegram:-100123"',
    rooms="Estos lugares tienen acceso:",
    rooms_none="Ningún administrador ha dado acceso a un lugar",
    rooms_row="{place}: por {name}, {at}",
    rooms_named="La configuración nombra: {places}",
    rooms_public="La configuración deja preguntar a cualquiera, en cualquier lugar",
    changed="⚙️ {name} cambió cómo recibe avisos este lugar",
    let_in="🔓 {name} dio acceso a este lugar",
    let_in_now='Aquí ya se puede preguntar; "help" dice qué',
    shut_out="🔒 {name} quitó el acceso a este lugar",
    audit="Lo último que se ordenó:",
    audit_none="Aún no se ha ordenado nada",
    audit_row="{at}, {name} en {place}: {what}",
    slow_down="⏳ Más despacio: como mucho {count} órdenes por minuto",
    slow_down_now="Lo que llegue antes no se responde",
    too_old="⏳ No se ha hecho: se envió hace {length}",
    send_again="Envíalo otra vez si aún lo quieres",
    taken_before="↩️ Esto ya llegó una vez, antes de un reinicio",
    taken_again="No se hace dos veces: envíalo otra vez si no surtió efecto",
    no_records="⚠️ Ahora mismo no tenemos acceso a nuestros registros",
    no_records_now="Inténtalo de nuevo en un minuto",
    other_incident="⌛ {incident} ya terminó: no se ha cambiado nada",
    other_message="⌛ {name}: el problema de este mensaje ya terminó",
    what_is_now='Para saber cómo está ahora: "status {service}"',
    said_enough="Ya nos lo dijiste dos veces en la última hora: esto no se cuenta",
    no_person="Solo se cuentan personas, una vez cada una: avísanos desde tu propia cuenta",
)
