"""Wording of reasons and advice: what failed, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from babel.numbers import format_decimal

from bot.model import Reason
from bot.wording.catalog import ENGLISH, Catalog, catalog
from bot.wording.text import channel_name, clean, shorten
from bot.wording.times import plain

LONGEST: Final = 120  # characters of a reason within a sentence
WHOLE: Final = 200  # characters of a reason for those who have to act on it
LEAST: Final = 12  # characters that are left of a fact
HOURS_FROM: Final = 120  # minutes
DAYS_FROM: Final = 72 * 60  # minutes

Fact = str | int | float | Reason


def reason(why: Reason | None, say: Catalog, most: int = LONGEST) -> str:
    """The reason without advice, in at most `most` characters; empty for None."""
    if why is None:
        return ""
    facts = _known(dict(why.facts), why.code.facts)
    text = _filled(say.reasons[why.code], facts, say, most)
    texts = {name: clean(fact, most) for name, fact in facts.items() if isinstance(fact, str) and name != "channel"}
    if len(text) > most and texts:
        # The longest text from outside gives way, so that the sentence around it stays whole.
        name = max(texts, key=lambda one: len(texts[one]))
        cut = shorten(texts[name], max(len(texts[name]) - len(text) + most, LEAST))
        text = _filled(say.reasons[why.code], facts | {name: cut}, say, most)
    return shorten(text.rstrip("."), most)


def advice(why: Reason | None, say: Catalog, most: int = WHOLE) -> str:
    """What to do about it; empty if there is nothing to say."""
    if why is None or why.advice is None:
        return ""
    facts = _known(dict(why.advice.facts), why.advice.code.facts)
    return shorten(_filled(say.advice[why.advice.code], facts, say, most), most)


def provider_code(why: Reason | None, say: Catalog) -> str:
    """The provider's own code, such as "not_in_channel" or "code 50001"; empty without one."""
    code = clean(why.provider_code, WHOLE) if why else ""
    return say.reason_parts.code.format(code=code) if code.isdecimal() else code


def whole(why: Reason | None, say: Catalog, most: int = LONGEST) -> str:
    """The reason with the advice and the provider's code, for operators."""
    said, remedy, code = reason(why, say, max(most, WHOLE)), advice(why, say), provider_code(why, say)
    said = say.reason_parts.advised.format(why=said, advice=remedy) if remedy else said
    return say.reason_parts.with_code.format(why=said, code=code) if code else said


def english(why: Reason | str | None) -> str:
    """The whole reason in English, for logs and the shell. Text passes as it is."""
    return why if isinstance(why, str) else whole(why, catalog(ENGLISH))


def english_brief(why: Reason | None) -> str:
    """The reason in English without advice, for programs and for anybody."""
    return reason(why, catalog(ENGLISH), WHOLE)


def _known(facts: Mapping[str, Fact], names: frozenset[str]) -> dict[str, Fact]:
    """The facts that a sentence needs; what another version did not store is a question mark."""
    known = {name: fact for name, fact in facts.items() if name in names}
    if not isinstance(known.get("count", 0), int):
        del known["count"]
    return {name: 0 if name == "count" else "?" for name in names} | known


def _filled(sentence: str, facts: Mapping[str, Fact], say: Catalog, most: int) -> str:
    return sentence.format(**{name: _shown(name, fact, say, most) for name, fact in facts.items()})


def _shown(name: str, fact: Fact, say: Catalog, most: int) -> str | int:
    if isinstance(fact, Reason):
        return reason(fact, say, most)
    if isinstance(fact, str):
        return channel_name(fact, say) if name == "channel" else clean(fact, most)
    written = WRITTEN.get(name)
    return written(fact, say) if written else int(fact)


def _seconds(seconds: float, say: Catalog) -> str:
    return plain(format_decimal(seconds, "0.###", locale=say.language))


def _length(minutes: float, say: Catalog) -> str:
    """A length in one unit: "50 min", "25 h", "3 d"."""
    count, times = int(minutes), say.times
    if count < HOURS_FROM:
        return times.minutes.format(count=count)
    return times.hours.format(count=count // 60) if count < DAYS_FROM else times.days.format(count=count // 1440)


WRITTEN: Final[Mapping[str, Callable[[float, Catalog], str]]] = {"seconds": _seconds, "length": _length}
