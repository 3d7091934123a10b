"""Reasons and advice: a code for each sentence, with the facts that it shows, in every language."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest
from pydantic import TypeAdapter

from bot.model import Advice, AdviceCode, Reason, ReasonCode
from bot.wording.catalog import Plural, catalog, catalogs
from bot.wording.reasons import advice, english, english_brief, provider_code, reason, whole
from tests.reasons import REFUSED, TIMED_OUT, quote

BOT = Path(__file__).parents[2] / "bot"
LANGUAGES = sorted(catalogs())
NOT_IN = Reason.of(ReasonCode.BOT_NOT_IN_CHANNEL, advice=AdviceCode.INVITE_BOT, provider_code="not_in_channel")


def shown(sentence: str) -> set[str]:
    """The facts that a sentence shows, in all its forms."""
    forms = sentence.forms.values() if isinstance(sentence, Plural) else [sentence]
    counted = {"count"} if isinstance(sentence, Plural) else set()
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name is not None} | counted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("section", "codes"), [("reasons", ReasonCode), ("advice", AdviceCode)])
def test_each_code_has_a_sentence_with_its_facts_in_every_language(section, codes, language):
    sentences = getattr(catalog(language), section)
    assert set(sentences) == {code.value for code in codes}
    assert {code: shown(sentences[code]) for code in codes} == {code: set(code.facts) for code in codes}


def made() -> list[tuple[str, str, set[str]]]:
    """Each `Reason.of(ReasonCode.X, ...)` and `Advice.of(AdviceCode.X, ...)` in the code: place, code, facts."""
    found = []
    for path in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "of"):
                continue
            if ast.unparse(node.func) not in {"Reason.of", "Advice.of"} or not node.args:
                continue
            codes = [ast.unparse(one) for one in ast.walk(node.args[0]) if isinstance(one, ast.Attribute)]
            facts = {word.arg for word in node.keywords} - {"advice", "provider_code"}
            known = [code for code in codes if code.startswith(("ReasonCode.", "AdviceCode.")) and None not in facts]
            found.extend((f"{path.name}:{node.lineno}", code, facts) for code in known)
    return found


def test_each_reason_is_made_with_the_facts_that_its_sentence_shows():
    kinds = {"ReasonCode": ReasonCode, "AdviceCode": AdviceCode}
    calls = [
        (place, code, kinds[code.partition(".")[0]][code.partition(".")[2]], facts) for place, code, facts in made()
    ]
    assert len(calls) > 100
    assert [(place, code) for place, code, member, facts in calls if facts != set(member.facts)] == []


def test_every_code_is_used():
    sources = "".join(path.read_text("utf-8") for path in BOT.rglob("*.py"))
    unused = [f"{type(c).__name__}.{c.name}" for c in [*ReasonCode, *AdviceCode]]
    assert [name for name in unused if name not in sources and not name.endswith((".UNKNOWN", ".SEE_LOG"))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_is_one_short_line_whatever_its_facts(language):
    for code in ReasonCode:
        facts = {name: 3 if name in {"count", "seconds", "length"} else "x" * 500 for name in code.facts}
        for why in (Reason.of(code, **facts), Reason(code), Reason.of(code, **dict.fromkeys(code.facts, TIMED_OUT))):
            text = reason(why, catalog(language), 80)
            assert 0 < len(text) <= 80, code
            assert "{" not in text, code
            assert "\n" not in text, code


def test_text_from_outside_gives_way_to_the_sentence_around_it():
    why = Reason.of(ReasonCode.TEXT_MISSING, text="Welcome " * 30)
    text = reason(why, catalog("en"), 80)
    assert text.startswith('"Welcome Welcome')
    assert text.endswith('…" is not on the page')
    assert len(text) <= 80


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "timed out after 0.25 s while connecting"),
        ("es", "tiempo agotado tras 0,25 s al conectar"),
        ("fr", "délai de 0,25 s dépassé à la connexion"),
        ("de", "Zeitüberschreitung nach 0,25 s beim Verbindungsaufbau"),
        ("pt", "tempo esgotado após 0,25 s ao conectar"),
    ],
)
def test_numbers_are_written_as_the_language_does(language, text):
    late = Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=timedelta(milliseconds=250).total_seconds())
    assert reason(Reason.of(ReasonCode.WHILE_CONNECTING, what=late), catalog(language)) == text


def test_what_to_do_and_the_providers_code_are_apart_from_the_reason():
    say = catalog("en")
    assert reason(NOT_IN, say) == english_brief(NOT_IN) == "the bot is not in that channel"
    assert advice(NOT_IN, say) == "/invite @tocsin"
    assert provider_code(NOT_IN, say) == "not_in_channel"
    assert whole(NOT_IN, say) == english(NOT_IN) == "the bot is not in that channel: /invite @tocsin (not_in_channel)"
    assert whole(NOT_IN, catalog("es")) == "el bot no está en ese canal: /invite @tocsin (not_in_channel)"
    assert provider_code(Reason.of(ReasonCode.DISCORD_FORBIDS, provider_code="50001"), say) == "code 50001"
    assert (reason(None, say), advice(None, say), provider_code(None, say), english(None)) == ("", "", "", "")


@pytest.mark.parametrize("why", [REFUSED, TIMED_OUT, NOT_IN, quote("550 \0 \ud800 no"), Reason(ReasonCode.UNKNOWN)])
def test_a_reason_is_read_from_json_as_it_was_written(why):
    known = TypeAdapter(Reason)
    assert known.validate_python(known.dump_python(why, mode="json")) == why


def test_a_reason_of_another_version_is_read_and_worded():
    known = TypeAdapter(Reason)
    newer = known.validate_json('{"code": "eaten_by_mice", "facts": [["mice", 3]], "advice": {"code": "get_a_cat"}}')
    older = known.validate_json('{"code": "results_dropped"}')
    assert english(newer) == "no reason known: see the log"
    assert english(older) == "they cannot be written just now; 0 were dropped"


def test_secrets_are_masked_however_deep_they_stand():
    why = Reason.of(ReasonCode.NOT_REACHED, channel="telegram", cause=quote("no way to s3cret"), provider_code="s3cret")
    assert "s3cret" not in english(why.rewritten(lambda text: text.replace("s3cret", "***")))
    assert "***" in english(why.rewritten(lambda text: text.replace("s3cret", "***")))


def test_advice_has_facts_of_its_own():
    why = Reason.of(ReasonCode.TOKEN_REVOKED, advice=Advice.of(AdviceCode.COPY_TOKEN, place="the portal"))
    assert english(why) == "the bot token is not valid any more: copy it again from the portal"
