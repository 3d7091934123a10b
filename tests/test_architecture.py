"""docs/architecture.md is true, and what it calls pure asks no clock."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
PURE = next(rule["source_modules"] for rule in RULES if rule["type"] == "forbidden")
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "process_time"}


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_drawing_is_that_of_the_code():
    assert module(ROOT / "tools/staircase.py").drawn(PAGE) == PAGE, "python tools/staircase.py writes it anew"


def test_every_package_is_on_a_step_and_nothing_is_exempt():
    layers = next(rule for rule in RULES if rule["type"] == "layers")
    assert layers["exhaustive"]
    assert not {"exhaustive_ignores", "ignore_imports"} & layers.keys()
    on_steps = {name.strip() for step in layers["layers"] for name in step.split("|")}
    there = {path.stem for path in (ROOT / "bot").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert on_steps == there - {"__init__"}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[a-z_/]*\.py)`", PAGE))))
def test_every_file_that_the_page_names_is_there(path):
    assert (ROOT / "bot" / path).exists() or (ROOT / path).exists()


def pure_files():
    for name in PURE:
        path = ROOT / Path(*name.split("."))
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


@pytest.mark.parametrize("path", [*pure_files()], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_pure_asks_no_clock_and_opens_no_file(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert name not in CLOCKS | {"open", "print"} or (name == "open" and isinstance(node.func, ast.Attribute))
