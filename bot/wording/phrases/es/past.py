"""Spanish for the past: how often, how long, how much of the time."""

from __future__ import annotations

from bot.wording.phrases.shape.past import PastPhrases

PAST = PastPhrases(
    of_seen="{percent} del tiempo observado; {length} sin datos",
    since="{percent} desde {since}",
    since_of_seen="{percent} del tiempo observado desde {since}; {length} sin datos",
    up="En funcionamiento: {percent}",
    average="Respuesta media: {seconds} s",
    ordinals=("Segunda", "Tercera", "Cuarta", "Quinta", "Sexta", "Séptima", "Octava", "Novena", "Décima"),
    nth="{nth} caída vista este año",
    numbered="Caída número {number} vista este año",
    last="{often}; la última: {day}, {length}",
    day_near="EEEE",
    day_far="d 'de' MMMM",
)
