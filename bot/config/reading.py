"""From the text of a file to a tree that knows its lines; from a pydantic error to a line that a person can act on."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.model import length

Location = tuple[str | int, ...]
VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")
SIZE = 1024 * 1024  # a config is never larger; a file that is was meant for something else


@dataclass(frozen=True, slots=True)
class Problem:
    where: Location
    what: str


@dataclass
class Document:
    path: Path
    tree: Any
    problems: list[Problem] = field(default_factory=list)
    lines: dict[Location, tuple[int, int]] = field(default_factory=dict)

    def place(self, where: Location) -> tuple[int, int]:
        """Line and column of a key or item, or of the nearest that is in the file."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, (1, 1))


class ConfigError(Exception):
    """All that is wrong with a config, one line each: `config.yaml:4:5: services.x.routes: what, what was expected`."""

    def __init__(self, document: Document, found: list[Problem]) -> None:
        self.document = document
        rows = sorted({(document.place(p.where), ".".join(map(str, p.where)), p.what) for p in found})
        super().__init__(
            "\n".join(f"{document.path}:{x}:{y}: {key + ': ' if key else ''}{what}" for (x, y), key, what in rows)
        )


def duration(value: Any) -> Any:
    """ "30s", "1h30m", "14d" -> timedelta. Raise ValueError, in words, for anything else."""
    return value if isinstance(value, timedelta) else length(str(value))


def read(path: Path, model: type[BaseModel]) -> Document:
    """The tree with `${NAME}`s and `<key>_file`s filled in. Raise ConfigError where there is no tree at all."""
    document = Document(path, None)
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= SIZE else None
    except FileNotFoundError:
        raise ConfigError(
            document,
            [Problem((), "there is no such file; make one from config.example.yaml: tocsin example > config.yaml")],
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no UTF-8 text"
        raise ConfigError(document, [Problem((), f"cannot be read: {why}")]) from None
    if text is None:
        raise ConfigError(document, [Problem((), f"is larger than {SIZE // 1024} KiB; expected a config")])
    tree = _parse(document, text)
    if not isinstance(tree, dict):
        raise ConfigError(
            document, [Problem((), "is empty; expected services, channels and audiences (see config.example.yaml)")]
        )
    document.tree = _fill(document, tree, (), frozenset(_secrets(model)))
    return document


def _parse(document: Document, text: str) -> Any:
    reader = YAML(typ="rt")
    try:
        for event in YAML(typ="rt").parse(text):
            if getattr(event, "anchor", None):
                raise _at(document, event.start_mark, "anchors and aliases (& and *) are not taken; write it out")
        return reader.load(text)
    except DuplicateKeyError as error:
        mark = error.problem_mark or error.context_mark
        key = re.search(r'duplicate key "([^"]*)"', error.problem or "")
        raise _at(document, mark, f'"{key[1] if key else "a key"}" stands here twice; keep one') from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _at(document, mark, f"is no YAML here: {error.problem}") from None
    except YAMLError as error:
        raise ConfigError(document, [Problem((), f"is no YAML: {str(error).splitlines()[0]}")]) from None


def _at(document: Document, mark: Any, what: str) -> ConfigError:
    document.lines[()] = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ConfigError(document, [Problem((), what)])


def _fill(document: Document, node: Any, where: Location, secrets: frozenset[str]) -> Any:
    """Plain dicts, lists and values, with every place noted and every reference followed."""
    if isinstance(node, CommentedMap):
        filled: dict[str, Any] = {}
        for key, value in node.items():
            name, of_file = str(key), str(key).removesuffix("_file")
            line, column = node.lc.key(key)
            document.lines[(*where, name)] = document.lines[(*where, of_file)] = (line + 1, column + 1)
            if name != of_file and of_file in secrets:
                filled[of_file] = _from_file(document, value, (*where, name))
            else:
                filled[name] = _fill(document, value, (*where, name), secrets)
        return filled
    if isinstance(node, CommentedSeq):
        for number in range(len(node)):
            line, column = node.lc.item(number)
            document.lines[(*where, number)] = (line + 1, column + 1)
        return [_fill(document, value, (*where, number), secrets) for number, value in enumerate(node)]
    return _from_environment(document, node, where) if isinstance(node, str) else node


def _from_environment(document: Document, text: str, where: Location) -> str:
    def value(match: re.Match[str]) -> str:
        name: str = match[1]
        default: str | None = match[2]
        if match[0] == "$$":
            return "$"
        found = os.environ.get(name, default)
        if found is None:
            document.problems.append(
                Problem(
                    where,
                    f"the environment has no {name}; set it, or name a file in {where[-1]}_file if it is a secret",
                )
            )
            return f"${{{name}}}"
        return found

    return VARIABLE.sub(value, str(text))


def _from_file(document: Document, path: Any, where: Location) -> str:
    named = document.path.parent / _from_environment(document, str(path), where)
    try:
        return named.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        document.problems.append(Problem(where, f"{named} cannot be read: {why}"))
        return "unread"


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """Every model that a type is made of."""
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
            for field_ in part.model_fields.values():
                yield from _models(field_.annotation)
        elif part is not kind:
            yield from _models(part)


def _secrets(model: type[BaseModel]) -> Iterator[str]:
    """The keys that hold a secret anywhere in the config: each also takes `<key>_file`."""
    for part in _models(model):
        for name, field_ in part.model_fields.items():
            if field_.annotation in (SecretStr, SecretStr | None):
                yield field_.alias or name


def _hiding(model: type[BaseModel]) -> Iterator[str]:
    """The keys under which nothing is shown: those, and the maps whose values are secret."""
    yield from _secrets(model)
    for part in _models(model):
        yield from (name for name, field_ in part.model_fields.items() if SecretStr in get_args(field_.annotation))


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """pydantic's findings in our words. A value is shown only where the key is no secret."""
    hidden = frozenset(_hiding(model))
    known = frozenset(f.alias or name for part in _models(model) for name, f in part.model_fields.items())
    for found in error.errors(include_url=False):
        yield Problem(_without_tags(tuple(found["loc"])), _in_words(dict(found), hidden, known))


def _without_tags(where: Location) -> Location:
    """Pydantic also names the member of a union that it tried ("http", "tuple[str, ...]"): that is no key of the file."""
    tagged = len(where) > 4 and where[0] == "services" and where[2] in {"routes", "trackers"}
    plain = (part for number, part in enumerate(where) if not (tagged and number == 4))
    return tuple(part for part in plain if not (isinstance(part, str) and "[" in part))


def _in_words(found: dict[str, Any], hidden: frozenset[str], known: frozenset[str]) -> str:
    context, key = found.get("ctx", {}), str(found["loc"][-1])
    match found["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(key, known, 1)
            return "unknown key" + (
                f'; did you mean "{near[0]}"?' if near else "; see config.example.yaml for those there are"
            )
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            return f"{context['tag']!r} is no kind; expected one of {context['expected_tags']}".replace("'", '"')
        case "union_tag_not_found":
            return "kind is missing"
        case "value_error":
            what = str(context["error"])
        case _:
            what = found["msg"].replace("Input should", "should").replace("String should", "should").replace("'", '"')
    given = found["input"]
    secret = not hidden.isdisjoint(map(str, found["loc"])) or "://" in str(
        given
    )  # a URL may hold a password or a token
    shown = "" if secret or not isinstance(given, str | int | float) else f'"{given}" '
    return what if what.startswith('"') else shown + what
