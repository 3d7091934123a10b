"""Which parts of an invalid config may be quoted in an error, given that it reaches terminals and logs and any value
may be a secret.
"""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9](?:[\w .-]{0,38}\w)?")
KEY = re.compile(r"[a-z]+(?:_[a-z]+){0,6}")
VARIABLE = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)*|[a-z]+(?:_[a-z]+)*")
WORD = re.compile(r"[A-Za-z]{1,16}[0-9]?|[+-]?[0-9][0-9:.T]{0,18}[A-Za-z]{0,2}")
# Prefixes of well-known providers' tokens, and words that alternate letters and digits.
TOKEN = re.compile(
    r"(?i:^(?:xox|xapp|gh[pousr]_|glpat|github_pat|sk[-_]|pk[-_]|rk[-_]|whsec|akia|eyj|bearer|basic|hf_|npm_|pypi))"
    r"|(?=[A-Za-z0-9]*[0-9][A-Za-z]+[0-9])[A-Za-z0-9]{8,}|[A-Za-z0-9]{25,}|[0-9]{7,}"
)
HIDDEN = "…"


def key_shown(key: str) -> str:
    """A key that looks like one of ours, else an empty string."""
    return key if len(key) <= 30 and KEY.fullmatch(key) else ""


def name_shown(name: str) -> str:
    """A name given to a service, route or audience, in quotes; else an empty string."""
    return f'"{name}" ' if NAME.fullmatch(name) and not TOKEN.search(name) else ""


def variable_shown(name: str) -> str:
    """A variable's name, unless a token may have been written between ${ and }."""
    return name if len(name) <= 60 and VARIABLE.fullmatch(name) and not TOKEN.search(name) else "such variable"


def path_shown(where: tuple[str | int, ...]) -> str:
    """A location in the file. Parts that may not be names are hidden; the line number still leads there."""
    return ".".join(str(part) if isinstance(part, int) or name_shown(part) else HIDDEN for part in where)


def value_shown(value: object) -> str:
    """A short word, number or length in quotes; else an empty string. Only for values of types that hold no secrets."""
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(text) > 30 or TOKEN.search(text):
        return ""
    return f'"{text}" ' if all(WORD.fullmatch(word) for word in re.split(r"[ /,-]+", text.strip("+-"))) else ""
