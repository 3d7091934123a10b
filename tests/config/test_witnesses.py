"""Witnesses in the config: their tokens, names, services, and the quorum."""

from __future__ import annotations

import pytest

from bot.config import Config
from bot.config.witnesses import place_name
from bot.wiring import witness_lines, witnesses
from tests.config.test_config import RIGHT, read, refused

TOKEN = "a-token-of-the-file"
BOTH = f"witnesses: {{london: {{token: {TOKEN}}}, new-york: {{token: {TOKEN}-2, services: [x]}}}}\n"


def test_a_witness_has_a_token_a_name_and_all_services_unless_some_are_named(tmp_path):
    config = read(tmp_path, RIGHT + BOTH)
    london, york = (said.settings(key) for key, said in config.witnesses.items())
    assert (london.name, london.services, york.name, york.services) == ("London", None, "New York", {"x"})
    assert TOKEN not in repr(config) + repr(london)
    assert config.quorum == "majority"


def test_a_token_may_stand_in_a_file_or_in_the_environment(tmp_path, monkeypatch):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("LONDON_TOKEN", TOKEN)
    for said in ("token_file: token", "token: ${LONDON_TOKEN}"):
        config = read(tmp_path, RIGHT + f"witnesses:\n  london:\n    {said}\n")
        assert config.witnesses["london"].token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("witnesses: {london: {}}", "witnesses.london.token"),
        ("witnesses: {london: {token: short}}", "expected 16 or more letters"),
        (f"witnesses: {{london: {{token: {TOKEN}, services: [nothing]}}}}", 'there is no service "nothing"'),
        (
            f"witnesses: {{a: {{token: {TOKEN}}}, b: {{token: {TOKEN}}}}}",
            "witnesses.b.token: is also that of witnesses.a",
        ),
        (
            f"witnesses: {{a: {{token: {TOKEN}, name: Lima}}, b: {{token: {TOKEN}-2, name: lima}}}}",
            "witnesses.b: has the same name as witnesses.a",
        ),
        (
            f"location: London\nwitnesses: {{london: {{token: {TOKEN}}}}}",
            "witnesses.london: has the same name as location",
        ),
        (f"quorum: 3\nwitnesses: {{london: {{token: {TOKEN}}}}}", "quorum: is more than the places there are: 2"),
        ("quorum: 1", "quorum"),
        ("quorum: most", "quorum"),
        (f"witnesses: {{london: {{token: {TOKEN}, tokn: 1}}}}", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_without_the_token(tmp_path, said, problem):
    found = refused(tmp_path, f"{RIGHT}{said}\n")
    assert any(problem in line for line in found), found
    assert TOKEN not in "".join(found)


@pytest.mark.parametrize(
    ("key", "name"), [("london", "London"), ("new-york", "New York"), ("são_paulo", "São Paulo"), ("NYC", "NYC")]
)
def test_a_key_reads_as_a_place(key, name):
    assert place_name(key) == name


def test_check_says_what_each_is_given(tmp_path):
    private = "  y: {routes: {web: {kind: http, url: 'http://10.0.0.1/'}, job: {kind: heartbeat, every: 24h}}}\n"
    config = read(tmp_path, RIGHT.replace("channels:", private + "channels:") + BOTH)
    assert list(witness_lines(config)) == [
        "witness london: checks 1 service; private, so only if its services name them: y",
        "witness new-york: checks 1 service",
    ]


def test_without_witnesses_there_is_no_door():
    assert witnesses(Config.model_validate({"services": {"x": {"service": "github"}}}), ()) is None
