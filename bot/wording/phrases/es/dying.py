"""Spanish for channels that have failed, and places that refuse."""

from __future__ import annotations

from bot.wording.phrases.shape.dying import DyingPhrases

DYING = DyingPhrases(
    name="Envío por {channel}",
    name_email="Envío por correo",
    api="Su API: {why}",
    messages="Nuestros mensajes: {why}",
    next_way="Lo que iba por ahí va por el siguiente camino donde lo hay; el resto espera a que vuelva",
    to_do="Qué hacer: {advice}",
    sent_here="Enviado aquí porque {channel} no funciona desde {at}",
    refused="⚠️ {channel} no admite avisos para {name}",
    refused_code="⚠️ {channel} no admite avisos para {name}: {code}",
    refused_why="Motivo: {why}",
    misses="Quién se los pierde: {names}",
    not_taken="⚠️ {channel} no admitió un mensaje para {name}",
    not_taken_code="⚠️ {channel} no admitió un mensaje para {name}: {code}",
    not_taken_was="El mensaje: {title}",
    misses_it="Quién se lo pierde: {names}",
    all_work="Canales: todos funcionan",
    counts_down="🔴 {name} se da por caído desde {since}",
    heading="Canales",
    page_all_work="Todos funcionan",
)
