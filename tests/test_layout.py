"""The rules of the house: who may import whom, how large a room may be, and what the example must show."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from bot.config import Channels
from bot.config.loader import _models
from bot.watch.checks import AnyCheck
from bot.watch.sources import AnySource, AnyTracker

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / "config.example.yaml").read_text()
MODULES = [p for p in sorted((ROOT / "bot").rglob("*.py")) if "migrations" not in p.parts]


def test_the_import_rules_hold():
    # In a process of its own: import-linter sets up logging anew, and then no other test hears a logger.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@cache
def read(path):
    """How long each function of a module is, and the names of the modules that it imports."""
    functions, imported = {}, []
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                functions[node.name] = max(node.end_lineno - node.lineno + 1, functions.get(node.name, 0))
            case ast.Import():
                imported += [name.name for name in node.names]
            case ast.ImportFrom():
                imported.append(node.module or "")
    return functions, imported


def test_rooms_stay_small():
    assert [str(path) for path in MODULES if path.read_text().count("\n") > 400] == []
    lengths = {f"{path}: {name}": length for path in MODULES for name, length in read(path)[0].items()}
    assert len(lengths) > len(MODULES)
    assert {name: length for name, length in lengths.items() if length > 40} == {}


@pytest.mark.parametrize(
    ("sdk", "room"),
    [
        ("httpx", "bot/net"),
        ("slack_sdk", "bot/channels/slack"),
        ("discord", "bot/channels/discord"),
        ("telegram", "bot/channels/telegram"),
        ("aiosmtplib", "bot/channels/email"),
        ("apprise", "bot/channels/apprise"),
        ("sqlalchemy", "bot/store"),
        ("apscheduler", "bot/"),
    ],
)
def test_each_library_is_imported_in_its_room_alone(sdk, room):
    for path in MODULES:
        _, imported = read(path)
        if any(name.split(".")[0] == sdk for name in imported):
            assert str(path.relative_to(ROOT)).startswith(room)


def kinds(union):
    return {
        kind for m in _models(union) if "kind" in m.model_fields for kind in get_args(m.model_fields["kind"].annotation)
    }


@pytest.mark.parametrize("kind", sorted(kinds(AnyCheck) | kinds(AnySource) | kinds(AnyTracker)))
def test_every_kind_of_check_and_source_is_in_the_example(kind):
    assert f"kind: {kind}" in EXAMPLE


@pytest.mark.parametrize("channel", sorted(Channels.model_fields))
def test_every_channel_is_in_the_example_and_has_its_tests(channel):
    assert f"\n  {channel}:" in EXAMPLE
    assert (ROOT / f"tests/channels/test_{channel}.py").exists()
