"""Which parts of a wrong config may be repeated in an error. It goes to terminals and journals; any value may be a secret."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9](?:[\w .-]{0,38}\w)?")
KEY = re.compile(r"[a-z]+(?:_[a-z]+){0,6}")
VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)*|[a-z]+(?:_[a-z]+)*")
WORD = re.compile(r"[A-Za-z]{1,16}[0-9]?|[+-]?[0-9][0-9:.T]{0,18}[A-Za-z]{0,2}")
# How the tokens of well-known providers begin, and a word in which letters and digits go by turns.
TOKEN = re.compile(
    r"(?i:^(?:xox|xapp|gh[pousr]_|glpat|github_pat|sk[-_]|pk[-_]|rk[-_]|whsec|akia|eyj|bearer|basic|hf_|npm_|pypi))"
    r"|(?=[A-Za-z0-9]*[0-9][A-Za-z]+[0-9])[A-Za-z0-9]{8,}|[A-Za-z0-9]{25,}|[0-9]{7,}"
)
HIDDEN = "…"


def key_shown(key: str) -> str:
    """A key that looks like one of ours, else nothing."""
    return key if len(key) <= 30 and KEY.fullmatch(key) else ""


def name_shown(name: str) -> str:
    """A name that somebody gave to a service, a route, an audience, in quotes; else nothing."""
    return f'"{name}" ' if NAME.fullmatch(name) and not TOKEN.search(name) else ""


def variable_shown(name: str) -> str:
    """A variable's name; of what may be a token between ${ and } nothing."""
    return name if len(name) <= 60 and VARIABLE.fullmatch(name) and not TOKEN.search(name) else "such variable"


def path_shown(where: tuple[str | int, ...]) -> str:
    """Where in the file: what cannot be a name is left out, and found by its line."""
    return ".".join(str(part) if isinstance(part, int) or name_shown(part) else HIDDEN for part in where)


def value_shown(value: object) -> str:
    """A short word, number or length in quotes; else nothing. Only for values of a kind that holds no secret."""
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(text) > 30 or TOKEN.search(text):
        return ""
    return f'"{text}" ' if all(WORD.fullmatch(word) for word in re.split(r"[ /,-]+", text.strip("+-"))) else ""
