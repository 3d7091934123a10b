"""Values as YAML 1.2 has them: libyaml gives the events, and ruamel.yaml, which others wrote, is asked what they mean."""

from __future__ import annotations

import io
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.config.parsing import parse

# Words and numbers that versions 1.1 and 1.2 understand in different ways, and some near them.
TRICKY = [
    "on",
    "off",
    "yes",
    "no",
    "y",
    "n",
    "Yes",
    "NO",
    "On",
    "OFF",
    "true",
    "True",
    "TRUE",
    "tRue",
    "false",
    "False",
    "null",
    "Null",
    "NULL",
    "nULL",
    "~",
    "22:30",
    "1:30:00",
    "190:20:30",
    "0644",
    "0o644",
    "0o8",
    "0x1F",
    "0xg",
    "+1",
    "-1",
    "-0",
    "+0",
    "007",
    "1.",
    ".5",
    "1.5",
    "-.5",
    "+1.5e3",
    "1e3",
    "1E-3",
    "1e",
    "e3",
    ".",
    "..",
    "-",
    "+",
    "1.2.3",
    "192.0.2.1",
    "10:00",
    "24h",
    "5s",
    "0.5s",
    "1h30m",
    "a:b",
    "C012",
    "T01/U01",
    "08:00",
    "8:00",
    "mon-fri",
    "x#17",
    "@x/y",
    "12e03",
    "123456789012345678",
    "1-2",
    "--1",
    "0o",
    "0x",
    "+.5",
    "5.e1",
    "==",
    "<x",
    ">x",
]

plain = st.sampled_from([one for one in TRICKY if one not in {".", "<x", ">x", "@x/y", "-"}])
wordy = st.text(alphabet="acdefxyzABC0123456789.:+-eo", min_size=1, max_size=12).filter(
    lambda text: not text.startswith(("-", ":", "?")) and not text.endswith(":") and text not in {".", ".."}
)
# Signs before 0x and 0o are no part of YAML 1.2, though ruamel.yaml takes them; and it takes .5e1 for a word (10.3.2).
scalars = (plain | wordy).filter(lambda text: not re.match(r"[-+]0[xo]|[-+]?\.\d+[eE]\d+$", text))
keys = st.text(alphabet="abcdefgh", min_size=2, max_size=6)


def block(node, deep=0):
    """A document in the way most people write it."""
    pad = "  " * deep
    if isinstance(node, dict):
        return "".join(f"{pad}{key}:{under(one, deep)}" for key, one in node.items()) or f"{pad}{{}}\n"
    if isinstance(node, list):
        return "".join(f"{pad}-{under(one, deep)}" for one in node) or f"{pad}[]\n"
    return f"{pad}{node}\n"


def under(node, deep):
    if isinstance(node, dict | list):
        return f"\n{block(node, deep + 1)}" if node else f" {block(node).strip()}\n"
    return f" {node}\n"


documents = st.dictionaries(
    keys,
    st.recursive(
        scalars, lambda one: st.lists(one, max_size=4) | st.dictionaries(keys, one, max_size=4), max_leaves=12
    ),
)


def theirs(text):
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    return yaml.load(io.StringIO(text))


def alike(ours, other):
    """The same values of the same kinds. What is no finite number is text to us."""
    if isinstance(other, dict):
        assert ours.keys() == other.keys()
        return all(alike(ours[key], one) for key, one in other.items())
    if isinstance(other, list):
        assert len(ours) == len(other)
        return all(map(alike, ours, other))
    if isinstance(other, float) and not math.isfinite(other):
        return isinstance(ours, str)
    if isinstance(other, int) and not isinstance(other, bool):
        return type(ours) in {int, float} and ours == other  # 0644 is a number, whichever
    return type(ours) is type(other) and ours == other


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(documents)
def test_a_document_means_what_yaml_1_2_says(document):
    text = block(document)
    assert alike(parse(text).root or {}, theirs(text) or {}), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("22:30", "22:30"),
        ("190:20:30", "190:20:30"),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("0b101", "0b101"),
        ("~", None),
        ("", None),
        ("TRUE", True),
        ('"yes"', "yes"),
        ("'22'", "22"),
        (".inf", ".inf"),
        (".5e1", 5.0),
    ],
)
def test_what_versions_understand_in_different_ways(text, value):
    found = parse(f"key: {text}\n").root["key"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("key", ["on", "yes", "no", "y", "22:30", "1", "null"])
def test_a_key_is_the_word_that_was_written(key):
    assert parse(f"{key}: x\n").root == {key: "x"}
