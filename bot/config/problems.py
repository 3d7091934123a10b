"""Converts pydantic's errors to lines that a person can act on, without possible secrets."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.config.loader import LINES, Problem, _hiding, _models
from bot.config.parsing import Location
from bot.config.redaction import value_shown
from bot.contracts import Telling

# Types of errors whose values are numbers or known words.
OPEN = (
    "int_",
    "float_",
    "bool_",
    "finite_number",
    "greater_than",
    "less_than",
    "literal_error",
    "enum",
    "union_tag_invalid",
)
LONGEST = 500  # characters of one line
KEYS, LIST, NUMBER = "expected keys with their values", "expected a list", "is no number"
# What pydantic says of a value of the wrong shape, in the words of the file.
SHAPES = {
    "dict_type": KEYS,
    "model_type": KEYS,
    "model_attributes_type": KEYS,
    "list_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "frozen_set_type": LIST,
    "string_type": "expected text; put it in quotes",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "too_short": "expected at least {min_length}",
    "too_long": "expected at most {max_length}, there are {actual_length}",
}


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """The problems to report. Their number is bounded, as nobody reads a thousand."""
    hidden = frozenset(_hiding(model))
    known = frozenset(f.alias or name for part in _models(model) for name, f in part.model_fields.items())
    for found in islice(error.errors(include_url=False), 2 * LINES):
        what = " ".join(_in_words(dict(found), hidden, known).split())[:LONGEST]
        yield Problem(_without_tags(tuple(found["loc"])), what, found["type"] == "extra_forbidden")


def _without_tags(where: Location) -> Location:
    """The location without parts that are not keys of the file: pydantic adds the union member it tried ("http",
    "tuple[str, ...]") and "[key]" for a map's key.
    """
    tagged = len(where) > 4 and where[0] == "services" and where[2] in {"routes", "trackers"}
    plain = (part for number, part in enumerate(where) if not (tagged and number == 4))
    return tuple(part for part in plain if not (isinstance(part, str) and ("[" in part and part.endswith("]"))))


def _in_words(found: dict[str, Any], hidden: frozenset[str], known: frozenset[str]) -> str:
    context, key = found.get("ctx", {}), str(found["loc"][-1])
    secret = not hidden.isdisjoint(map(str, found["loc"]))
    fault = context.get("error")
    is_open = not secret and (found["type"].startswith(OPEN) or isinstance(fault, Telling))
    match found["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(key[:40], known, 1)
            return "unknown key" + (
                f'; did you mean "{near[0]}"?' if near else "; see config.example.yaml for those there are"
            )
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            tag = value_shown(context["tag"]) if is_open else ""
            return f"{tag}is no kind; expected one of {context['expected_tags']}".replace("'", '"')
        case "union_tag_not_found":
            return "kind is missing"
        case "value_error":
            what = str(fault)
        case shape if shape in SHAPES:
            what = SHAPES[shape].format(**context)
        case _:
            what = found["msg"].replace("Input should", "should").replace("String should", "should").replace("'", '"')
    given = found["input"]
    if isinstance(given, str) and len(given) > 2 and not is_open:
        what = what.replace(f'"{given}" ', "").replace(given, "…")
    return (value_shown(given) if is_open else "") + what
