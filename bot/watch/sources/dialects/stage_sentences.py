"""Sentences of an entry without labels, in eight languages: that it is over, or that it announces work.

All patterns are for folded text.
"""

from __future__ import annotations

import re

from bot.watch.sources.dialects.dates import folded

_OVER = re.compile(
    "|".join(
        (
            (
                r"\b(?:we|engineers|team) (?:have |has )?(?:now |fully )?(?:resolved|fixed)\b[^.!?]{0,40}"
                r"\b(?:issues?|incident|problems?|outage|disruption)\b"
            ),
            (
                r"\b(?:issue|incident|problem|outage|disruption|service|services)\b[^.!?]{0,20}\b(?:was|were|been|is|are)\b"
                r"[^.!?]{0,15}\b(?:fixed|restored|solved)\b"
            ),
            (
                r"\b(?:all (?:systems|services)|everything)\b[^.!?]{0,25}\b(?:operational|operating normally|back to normal"
                r"|working (?:normally|again|as expected))\b"
            ),
            r"\b(?:service|services|performance|system|systems)\b[^.!?]{0,20}\b(?:returned|back) to normal\b",
            # Spanish
            (
                r"\b(?:ha sido|han sido|fue|fueron|esta|estan|se|hemos|ha quedado|han quedado|quedo|quedaron)\b[^.!?]{0,30}"
                r"\b(?:resuelt[oa]s?|resolvio|resolvieron|solucionad[oa]s?|soluciono|restablecid[oa]s?|restablecio|corregid[oa]s?)\b"
            ),
            r"\bfuncionan? (?:ya )?(?:con normalidad|normalmente|correctamente)\b|\b(?:vuelto|volvio) a la normalidad\b",
            # German
            r"\b(?:wurden?|ist|sind|konnten?|haben)\b[^.!?]{0,60}\b(?:behoben|gelost|beseitigt|wiederhergestellt)\b",
            r"\b(?:lauft|laufen|funktioniert|funktionieren)\b[^.!?]{0,20}\bwieder\b|\bwieder (?:verfugbar|erreichbar|normal)\b",
            # French
            r"\b(?:a ete|ont ete|est|sont|avons)\b[^.!?]{0,30}\b(?:resolue?s?|corrigee?s?|retablie?s?)\b",
            r"\b(?:revenue?s?|retour) a la normale\b|\bfonctionnent? (?:de nouveau |a nouveau )?normalement\b",
            # Portuguese
            r"\b(?:foi|foram|esta|estao)\b[^.!?]{0,30}\b(?:resolvid[oa]s?|solucionad[oa]s?|corrigid[oa]s?|restabelecid[oa]s?)\b",
            r"\b(?:resolvemos|corrigimos|restabelecemos|solucionamos)\b|\b(?:voltou|voltaram) ao normal\b",
            # Italian
            r"\b(?:e stat[oa]|sono stat[ie]|abbiamo|e ora)\b[^.!?]{0,30}\b(?:risolt[oaie]|ripristinat[oaie]|corrett[oaie])\b",
            r"\btornat[oaie] (?:alla normalita|operativ[oaie]|disponibil[ei])\b|\bfunzionan?o? (?:di nuovo )?(?:normalmente|correttamente)\b",
            # Dutch
            r"\b(?:is|zijn|werd|werden|hebben)\b[^.!?]{0,40}\b(?:opgelost|verholpen|hersteld)\b",
            r"\bwerk(?:t|en) (?:alles |alle \w{1,20} )?weer\b|\bweer (?:beschikbaar|bereikbaar)\b",
            # Japanese
            folded(
                "(?:解決|復旧|解消|回復|収束)(?:いた)?しました|(?:解決|復旧|解消|修正)(?:され(?:ました|ています)|済み)"
            ),
            folded("(?:復旧|解決|解消|回復|正常化)して(?:おり|い)ます|正常に(?:動作|稼働|稼動|利用|ご利用)"),
        )
    )
)
# Some part of every sentence that is over: most texts have none, and are not searched further.
_STEMS = tuple(
    folded(stem)
    for stem in (
        *("fixed", "restored", "solved", "normal", "operational", "operating", "working"),
        *("resuel", "resolv", "soluc", "restab", "correg", "correct"),
        *("behoben", "gelost", "beseitigt", "wieder", "resolu", "corrig", "retabli", "restabel"),
        *("risolt", "ripristinat", "corrett", "tornat", "opgelost", "verholpen", "hersteld", "weer"),
        *("解決", "復旧", "解消", "回復", "収束", "修正", "正常"),
    )
)
_THINGS = frozenset({"issue", "incident", "problem", "outage", "disruption", "this", "it"})
_VERBS = frozenset({"is", "are", "has", "have", "was", "were"})
_NOT_YET = re.compile(
    r"\b(?:once|until|when|if|after|not|before|partially|some|most|many|being|should|will|to be"
    r"|no (?:ha|han|esta|estan|se|fue|fueron|hemos|funcionan?|services?|systems?)|cuando|hasta|aun|todavia|parcialmente"
    r"|siendo|sendo|en train|immer wieder|nicht|noch|sobald|teilweise|wenn|pas|encore|lorsque|partiellement|nao|quando|ainda|non|ancora|parzialmente"
    r"|niet|nog|zodra|gedeeltelijk)\b"
    "|" + folded("まだ|未だ|一部|次第|見込み|予定|ましたら|まで|ていません|ておりません")
)
_WORK = (
    r"(?:maintenance|mantenimiento|wartung\w{0,12}|arbeiten|manutencao|manutenzione|onderhoud\w{0,12}|travaux|trabajos)"
)
_PLANNED = (
    r"(?:scheduled|planned|upcoming|routine|programad[oa]s?|planificad[oa]s?|geplante?[rns]?|planifiee?s?|programmee?s?|prevue?s?"
    r"|agendad[oa]s?|planejad[oa]s?|programmat[oaie]|pianificat[oaie]|previst[oaie]s?|gepland|geplande)"
)
_ANNOUNCED = re.compile(
    rf"\b{_PLANNED}\b[^.!?]{{0,40}}\b{_WORK}\b|\b{_WORK}\b[^.!?]{{0,20}}\b{_PLANNED}\b|"
    + folded(
        "(?:定期|計画|予定)[^。]{0,20}メンテナンス|メンテナンス[^。]{0,40}(?:予定|(?:実施|行)(?:いたし|し|い)ます)"
    )
)


def is_over(sentence: str) -> bool:
    """True for "The issue was resolved", False for "once it is resolved"."""
    if not any(stem in sentence for stem in _STEMS) or _NOT_YET.search(sentence):
        return False
    return _OVER.search(sentence) is not None or _is_resolved(sentence)


def _is_resolved(sentence: str) -> bool:
    """True if it says of something that it is "resolved", within a few words."""
    thing, verb = -1, -1
    for n, word in enumerate(sentence.split()):
        alone = word.strip(".,;:!?()\"'")
        if alone in _THINGS and verb < 0:
            thing = n
        elif alone in _VERBS and 0 <= thing >= n - 15:
            verb = n
        elif alone == "resolved" and 0 <= verb >= n - 6:
            return True
    return False


def announces(text: str) -> bool:
    """True for "We will perform scheduled maintenance"."""
    return _ANNOUNCED.search(text) is not None
