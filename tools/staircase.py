"""The drawing in docs/architecture.md, made from the code: `python tools/staircase.py` writes it anew.

The steps are those of the import rule in pyproject.toml; what stands beside a package is the first line of its docstring.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- staircase: begin -->\n", "<!-- staircase: end -->\n"


def steps() -> list[list[str]]:
    """The packages of each step, the highest first."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(rule["layers"] for rule in rules if rule["type"] == "layers")
    return [[name.strip() for name in step.split("|")] for step in layers if step != "__main__"]


def purpose(package: str) -> str:
    """The first line of its docstring, without the full stop."""
    folder = ROOT / "bot" / package
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.partition("\n")[0].rstrip(".")


def drawing() -> str:
    rows = [("  " * number + package, package) for number, step in enumerate(steps()) for package in step]
    width = max(len(name) for name, _ in rows) + 2
    return "```text\n" + "\n".join(f"{name:<{width}}{purpose(package)}" for name, package in rows) + "\n```\n"


def drawn(page: str) -> str:
    """The page with the present drawing in it."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + drawing() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")
