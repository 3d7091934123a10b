"""Nothing that a status page sends can raise, nor can a damaged page declare an outage."""

from __future__ import annotations

import json

import pytest

from bot.watch.sources.dialects.statuspage import DIALECT
from tests.watch.sources.dialects.pages import CLAUDE, EMMA, GITHUB, OPENAI, github, incident, load
from tests.watch.sources.kit import prove_harmless, prove_sturdy


@pytest.mark.parametrize("path", [GITHUB, OPENAI, EMMA, CLAUDE], ids=lambda path: path.name.split("-20")[0])
def test_no_mutation_of_a_healthy_page_raises_or_says_down(path):
    page = {"status": {"indicator": "none"}} | load(path)
    if path == EMMA:  # they are over, and do not say so
        page["incidents"] = [one | {"status": "resolved"} for one in page["incidents"]]
    prove_harmless(DIALECT, json.dumps(page).encode(), components=((), ("API Requests", "Login")))


def test_no_mutation_of_a_page_in_trouble_raises():
    second = incident("Second", created_at="0001-01-01T00:00:00+14:00")
    prove_sturdy(DIALECT, json.dumps(github(incident(), second, Pages="major_outage")).encode())
