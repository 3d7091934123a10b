"""Names that nobody would look for are gone, and stay gone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = [path for path in sorted((ROOT / "bot").rglob("*.py")) if "migrations" not in path.parts]
RETIRED_FILES = {
    "adopting", "alone", "asking", "beat", "board", "cautious", "causes", "chores", "claims", "crowd", "desk", "doors", "dying",
    "echo", "endings", "eyes", "fortunes", "gathering", "hands", "heard", "hearing", "heralds", "inbound", "kept", "ladders", "lanes",
    "letter", "life", "listening", "looks", "manners", "many", "mending", "moves", "newest", "people", "planning", "posting", "proofs",
    "proving", "record", "relay", "rungs", "saying", "settled", "setting", "settling", "show", "sight", "talk", "tell", "terminal",
    "urging", "ways", "wire", "wishes", "worn", "writing",
}  # fmt: skip
RETIRED_CLASSES = {
    "Act", "Bearing", "Beat", "Board", "Chore", "Chores", "Copy", "Crowd", "Desk", "Ear", "Emergency", "Eyes", "Fortune",
    "FrontDesk", "Gate", "Gathering", "Glance", "Hands", "Hears", "House", "Kind", "Ladders", "Leaving", "Memory", "Mended", "Move",
    "Moves", "Newest", "OwnNotices", "People", "Room", "Scope", "Setting", "Settled", "Shelf", "Sight", "Silence", "Situation",
    "Talk", "Vitals", "Way", "Wish", "Word", "Words",
}  # fmt: skip
RETIRED_MEMBERS = {  # fields, methods and functions
    "act", "begin_anew", "blind_since", "board", "chores", "crowd", "fortunes", "hand_on", "hasten", "hears_of", "let_go", "lives_in",
    "mild", "nth", "rouse", "rumours", "see_nothing", "sighted", "watch_sight", "ways", "wish", "words_told", "worn", "worn_since",
}  # fmt: skip


DOTTED = re.compile(r"bot(\.[A-Za-z_]\w*)+")
QUOTED = re.compile(rf"""["']{DOTTED.pattern}""")


def test_no_file_and_no_class_bears_a_retired_name():
    assert {str(path): retired for path in MODULES if (retired := _retired(path))} == {}


def test_what_is_named_in_a_string_is_there():
    """Loggers and modules are named in strings too: after a renaming such a string matches nothing, and nobody notices."""
    places = [path for folder in ("bot", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert {(str(path), name) for path in places for name in _modules_named(path) if not _is_there(name)} == set()


def _modules_named(path):
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)) if QUOTED.search(text) else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
            yield node.value


def _is_there(name):
    """Whether it is a module, or something that its module names."""
    folder, parts = ROOT / "bot", name.split(".")[1:]
    while parts and (folder / parts[0]).is_dir():
        folder = folder / parts.pop(0)
    if parts and (folder / f"{parts[0]}.py").is_file():
        module = folder / f"{parts.pop(0)}.py"
    else:
        module = folder / "__init__.py"
    return not parts or (
        module != ROOT / "bot" / "__init__.py" and re.search(rf"\b{parts[0]}\b", module.read_text("utf-8"))
    )


def _retired(path):
    """The retired names in a file."""
    classes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    files = RETIRED_FILES & {path.stem, *path.relative_to(ROOT).parts}
    members = RETIRED_MEMBERS & {name for node in classes for name in _members(node)}
    return files | RETIRED_CLASSES & {node.name for node in classes} | members


def _members(node):
    """The fields and methods of a class."""
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            yield one.name
            yield from (
                found.attr
                for found in ast.walk(one)
                if isinstance(found, ast.Attribute) and isinstance(found.ctx, ast.Store) and _is_self(found.value)
            )


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"
