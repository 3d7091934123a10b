"""Spanish for people's own reports."""

from __future__ import annotations

from bot.wording.phrases.shape.crowd import CrowdPhrases

CROWD = CrowdPhrases(
    heard=(
        "Avisos de usuarios: 1 en la última hora, {usually}",
        "Avisos de usuarios: {count} en la última hora, {usually}",
    ),
    usually="lo normal: {count}",
    usually_none="lo normal es ninguno",
    works=("A 1 persona le funciona, según nos dijo", "A {count} personas les funciona, según nos dijeron"),
    noted="✅ Anotado: {name} no te funciona",
    noted_works="✅ Anotado: {name} te funciona",
    before="Ya lo habías dicho: cada persona cuenta una vez por hora",
    others=(
        "1 persona más nos dijo en la última hora que no le funciona",
        "{count} personas más nos dijeron en la última hora que no les funciona",
    ),
    others_none="Nadie más nos dijo en la última hora que no le funcione",
    others_works=("1 persona más nos dijo que le funciona", "{count} personas más nos dijeron que les funciona"),
    now="Lo que vemos, mientras volvemos a mirar: {title}",
    to_end="Cuando vuelva a funcionar: «report {service} works»",
    of_what="No queda claro de qué servicio se trata",
    like_this="Se escribe así: «report x», «report x no deja entrar», «report x works»",
    ask="¿Algo no te funciona?",
    down="No funciona",
    up="A mí me funciona",
    back="A la página de estado",
    too_many="Han llegado demasiados avisos desde ahí por ahora. Los que llegaron cuentan",
)
