"""Reads a file into a tree with line numbers, and fills in `${NAME}` and `<key>_file`. Raises only ConfigError."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from bot.config.parsing import UNSEEN, Asked, Location, Malformed, Place, parse
from bot.config.redaction import HIDDEN, key_shown, path_shown, variable_shown

VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")
SIZE = 16 * 1024 * 1024  # bytes: 100,000 services need two thirds of that
SECRET_SIZE = 64 * 1024  # bytes of a file with one secret
VALUE_SIZE = 64 * 1024  # characters of one value
FILLED = SIZE  # total characters of values with variables filled in
LINES = 100  # lines of one error
MOUNTED = ("/run/secrets/", "/var/run/secrets/")  # where Docker mounts secrets in a container, readable by all


@dataclass(frozen=True, slots=True)
class Problem:
    where: Location
    what: str
    unknown: bool = False  # an unknown key, which may hold anything

    @property
    def path(self) -> str:
        if self.unknown and not key_shown(str(self.where[-1])):
            return ".".join(filter(None, (path_shown(self.where[:-1]), HIDDEN)))
        return path_shown(self.where)


@dataclass
class Document:
    path: Path
    tree: Any
    problems: list[Problem] = field(default_factory=list)
    text: str = ""
    at: Place = (1, 1)  # the place of the whole
    given_as: dict[Location, Location] = field(default_factory=dict)  # the key in the file, for one that it stands for
    _lines: dict[Location, Place] = field(default_factory=dict)
    # Files with secrets that others than the owner can read.
    open_to_others: list[Problem] = field(default_factory=list)
    filled: int = 0  # characters that came from the environment

    def locate(self, wanted: Iterable[Location]) -> None:
        """Find the lines of these, and of what they are in: the file is read again, as few of its lines are asked for."""
        known = [self.given_as.get(where, where) for where in wanted]
        if self.text:
            prefixes = frozenset(where[:n] for where in known for n in range(1, len(where) + 1))
            self._lines = parse(self.text, Asked(places=prefixes)).lines

    def place(self, where: Location) -> Place:
        """Line and column of a located key or item, or of its nearest parent in the file."""
        where = self.given_as.get(where, where)
        while where and where not in self._lines:
            where = where[:-1]
        return self._lines.get(where, self.at)


class ConfigError(Exception):
    """All problems of a config, one per line: `config.yaml:4:5: services.x.routes: what, what was expected`."""

    def __init__(self, document: Document, found: list[Problem]) -> None:
        self.document = document
        document.locate(problem.where for problem in found)
        rows = sorted({(document.place(p.where), p.path, p.what) for p in found})
        lines = [f"{document.path}:{x}:{y}: {key + ': ' if key else ''}{what}" for (x, y), key, what in rows[:LINES]]
        if len(rows) > LINES:
            lines.append(f"{document.path}: and {len(rows) - LINES:,} mistakes more")
        super().__init__("\n".join(lines))


def read(path: Path, model: type[BaseModel]) -> Document:
    """The tree with `${NAME}` and `<key>_file` filled in. Raise ConfigError if there is no tree at all."""
    document = Document(path, None)
    try:
        text = _contents(path, SIZE)
    except FileNotFoundError:
        raise ConfigError(
            document,
            [Problem((), "there is no such file; make one from config.example.yaml: tocsin example > config.yaml")],
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(document, [Problem((), f"cannot be read: {_why(error)}")]) from None
    if text is None:
        raise ConfigError(document, [Problem((), f"is larger than {SIZE // 1024} KiB; expected a config")])
    try:
        tree = parse(text)
    except Malformed as error:
        document.at = error.at
        raise ConfigError(document, [Problem((), error.what)]) from None
    document.text = text
    if not isinstance(tree.root, dict) or not tree.root:
        what = "is empty" if not tree.root else "is no map of keys"
        raise ConfigError(
            document, [Problem((), f"{what}; expected services, channels and audiences (see config.example.yaml)")]
        )
    document.tree = _Filling(document, model).filled(tree.root, ())
    return document


def _contents(path: Path, most: int) -> str | None:
    """A regular file's text without a byte order mark; None if longer than `most`."""
    # Non-blocking: a pipe without a writer would block forever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no regular file")
        found = file.read(most + 1)
    return None if len(found) > most else found.decode("utf-8-sig")


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "the system does not say why"
    return "is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else "it is no regular file"


def readable_by_others(path: Path) -> str:
    """A warning if others than the owner can read a file; else empty."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if not mode & 0o044 or str(path.absolute()).startswith(MOUNTED):
        return ""
    return f"holds secrets, and others than its owner can read it (mode {stat.S_IMODE(mode):04o}); chmod 600"


class _Filling:
    """Fills in variables and secrets from files."""

    def __init__(self, document: Document, model: type[BaseModel]) -> None:
        self._document = document
        self._secrets = frozenset(_secrets(model))
        self._hiding = frozenset(_hiding(model))
        self._inline = False

    def filled(self, node: Any, where: Location) -> Any:
        """The value, filled in. The parser bounds the depth of the recursion."""
        match node:
            case dict():
                return self._map(node, where)
            case list():
                return [self.filled(value, (*where, number)) for number, value in enumerate(node)]
            case str():
                self._note_if_secret(node, where)
                return self._checked(self._text(node, where), where)
            case int() | float() if where and where[-1] in self._secrets and not isinstance(node, bool):
                self._note_if_secret("number", where)
                return self._written.get(where, node)  # an unquoted numeric password keeps its leading zeros
        return node

    @cached_property
    def _written(self) -> dict[Location, str]:
        return parse(self._document.text, Asked(keys=self._secrets)).written

    def _map(self, node: dict[str, Any], where: Location) -> dict[str, Any]:
        filled: dict[str, Any] = {}
        for key, value in node.items():
            of_file = key.removesuffix("_file")
            self._checked(key, (*where, key))
            if key == of_file or of_file not in self._secrets or isinstance(value, dict | list):
                filled[key] = self.filled(value, (*where, key))
                continue
            self._document.given_as[(*where, of_file)] = (*where, key)
            if of_file in node:
                self._say((*where, key), f"stands beside {of_file}; keep one of the two")
            filled[of_file] = self._from_file(value, (*where, key))
        return filled

    def _checked(self, text: str, where: Location) -> str:
        if len(text) > VALUE_SIZE:
            self._say(where, f"is longer than {VALUE_SIZE:,} characters")
            return ""
        if UNSEEN.search(text):
            self._say(where, "holds a character that nobody can see or send (such as NUL, or half of an emoji)")
            return ""
        return text

    def _text(self, text: str, where: Location) -> str:
        return VARIABLE.sub(lambda match: self._variable(match, where), text) if "$" in text else text

    def _variable(self, match: re.Match[str], where: Location) -> str:
        name: str = match[1]
        default: str | None = match[2]
        if match[0] == "$$":
            return "$"
        found = os.environ.get(name, default)
        if found is None:
            named = variable_shown(name)
            hint = f"{where[-1]}_file" if where and isinstance(where[-1], str) else "a key with _file at its end"
            hint = key_shown(hint) or "a key with _file at its end"
            self._say(where, f"the environment has no {named}; set it, or name a file in {hint} if it is a secret")
            return f"${{{name}}}"
        self._document.filled += len(found)
        if self._document.filled > FILLED:
            raise ConfigError(self._document, [Problem(where, "is too much, once all variables are filled in")])
        return found.rstrip("\r\n")  # as in a file: `echo` and many secret stores append a line break

    def _from_file(self, path: Any, where: Location) -> str:
        """Read a secret from a file. Errors do not quote the path, as people put the secret itself there."""
        named = self._document.path.parent / self._text(str(path), where)
        try:
            text = _contents(named, SECRET_SIZE)
        except (OSError, ValueError) as error:
            self._say(where, f"the file named there cannot be read: {_why(error)}")
            return "unread"
        if text is None:
            self._say(where, f"the file named there is larger than {SECRET_SIZE // 1024} KiB; expected one secret")
            return "unread"
        if why := readable_by_others(named):
            self._document.open_to_others.append(Problem(where, f"{named} {why} {named}"))
        return self._checked(text.strip(), where)

    def _note_if_secret(self, text: str, where: Location) -> None:
        """Check the config's own permissions if it contains a secret."""
        if self._inline or not text or VARIABLE.search(text) or not _is_secret(text, where, self._hiding):
            return
        self._inline = True
        if why := readable_by_others(self._document.path):
            self._document.open_to_others.append(Problem(where, f"{self._document.path} {why} {self._document.path}"))

    def _say(self, where: Location, what: str) -> None:
        self._document.problems.append(Problem(where, what))


def _is_secret(text: str, where: Location, hiding: frozenset[str]) -> bool:
    """True under a key for secrets, or for an address with a password or a receiver's key."""
    named = not hiding.isdisjoint(part for part in where if isinstance(part, str))
    return named or text.startswith(("webhook:", "apprise:")) or bool(re.search(r"://[^/\s@]*:[^/\s@]+@", text))


@cache
def _models(kind: Any) -> tuple[type[BaseModel], ...]:
    """All models that a type consists of."""
    return tuple(_each_model(kind))


def _each_model(kind: Any) -> Iterator[type[BaseModel]]:
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
            for field_ in part.model_fields.values():
                yield from _each_model(field_.annotation)
        elif part is not kind:
            yield from _each_model(part)


def _secrets(model: type[BaseModel]) -> Iterator[str]:
    """Keys of secrets anywhere in the config, each of which also accepts `<key>_file`."""
    for part in _models(model):
        yield from secret_keys(part)


def secret_keys(model: type[BaseModel]) -> Iterator[str]:
    """Keys of secrets in one section."""
    for name, field_ in model.model_fields.items():
        if _holds_secret(field_.annotation):
            yield field_.alias or name


def _holds_secret(annotation: Any) -> bool:
    """True for an optional or constrained secret, but not for a map or list of secrets."""
    if annotation is SecretStr:
        return True
    origin = getattr(annotation, "__origin__", None)
    is_container = isinstance(origin, type) and issubclass(origin, Mapping | tuple | list | set | frozenset)
    return not is_container and any(_holds_secret(part) for part in get_args(annotation))


def _hiding(model: type[BaseModel]) -> Iterator[str]:
    """Keys whose values are never shown: secrets, and maps of secrets."""
    yield from _secrets(model)
    for part in _models(model):
        yield from (name for name, field_ in part.model_fields.items() if SecretStr in get_args(field_.annotation))
