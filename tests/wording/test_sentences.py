"""`make sentences`: all that people can read, to be read through."""

from __future__ import annotations

import pytest

from bot.wording.catalog import catalogs
from tools.sentences import main, sentences


def test_every_sentence_is_printed_in_every_language(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert {"titles.down", "    en  🔴 {name}: down since {since}"} <= set(printed)
    for language, said in catalogs().items():
        assert {f"    {language}  {text}" for _, text in sentences(said) if "\n" not in text} <= set(printed)


def test_each_form_of_a_counted_sentence_is_printed():
    found = dict(sentences(catalogs()["en"]))
    assert found["batches.incidents[one]"] == "1 incident"
    assert found["batches.incidents[other]"] == "{count} incidents"


@pytest.mark.parametrize("wanted", [["xx"], ["en", "xx"]])
def test_a_language_that_there_is_not_is_said_in_one_line(wanted, capsys):
    assert main(wanted) == 2
    assert capsys.readouterr().err.startswith("there is no language xx; there are en")
