"""Spanish for Tocsin's own health, and for what it tells late or without its database."""

from __future__ import annotations

from bot.wording.phrases.shape.own import OwnPhrases

OWN = OwnPhrases(
    unwell="⚠️ Tocsin tiene problemas propios desde {since}",
    unwell_still="⚠️ Tocsin sigue con problemas propios, desde {since}",
    well_again="🟢 Tocsin vuelve a estar bien; tuvo problemas propios {span}",
    parts={
        "database": "No puede usar su base de datos: {why}",
        "results": "No puede guardar lo que ven sus comprobaciones: {why}",
        "rounds": "No puede comprobar los servicios como debe: {why}",
        "outbox": "No puede enviar avisos como debe: {why}",
        "web": "Fallan sus páginas: {why}",
        "chores": "Falla su trabajo periódico: {why}",
        "listening": "No puede oír lo que la gente escribe: {why}",
        "config": "La configuración cambiada no está en vigor: {why}",
        "machine": "A su máquina le falta algo: {why}",
    },
    means="Mientras dure, los avisos pueden retrasarse o faltar. El registro dice más",
    whys={
        "it cannot be reached": "no se puede llegar a ella",
        "its file is damaged": "su archivo está dañado",
        "it is locked by another program": "otro programa la tiene bloqueada",
        "its disk is full": "su disco está lleno",
        "it can only be read": "solo se puede leer",
        "it does not let us do what we need to": "no nos deja hacer lo que necesitamos",
        "its file cannot be read or written": "su archivo no se puede leer o escribir",
        "its file was deleted or replaced while we used it": "su archivo se borró o se cambió mientras lo usábamos",
        "no process that reads pages can be started": "no puede arrancar ningún proceso que lea páginas",
        "the log says why": "el registro dice por qué",
    },
    banner="Tocsin tiene problemas propios desde {since} ({parts}): lo que se ve aquí puede no estar al día",
    names={
        "database": "su base de datos",
        "results": "sus resultados",
        "rounds": "sus comprobaciones",
        "outbox": "sus envíos",
        "web": "sus páginas",
        "chores": "su trabajo periódico",
        "listening": "su escucha",
        "config": "su configuración",
        "machine": "su máquina",
    },
    may_repeat="Ahora no podemos usar nuestra base de datos, así que puede llegarte otra vez",
    sent_late="Enviado tarde: tocaba a {at}",
    unseen_by_machine="⚫ No pudimos ver nada: {span} (máquina propia).",
)
