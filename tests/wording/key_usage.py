"""Which keys of the catalogues the code uses: found in its syntax, so that a typo shows before it is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
Chain = tuple[str, ...]  # () for a catalogue, ("titles",) for a section of it, ("titles", "down") for a sentence
IN_TEMPLATE = re.compile(r"\bsay\.(\w+)\.(\w+)(\.format\()?")


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a key. `facts`: what a direct call of its `format` gives it; None where that is not plain to see."""

    chain: Chain
    where: str
    facts: frozenset[str] | None = None


@dataclass
class _Function:
    """What the names in one function stand for, as far as that is a catalogue or a section of one."""

    path: Path
    names: dict[str, Chain] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)

    def chain(self, node: ast.expr) -> Chain | None:
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "catalog":
            return ()
        if isinstance(node, ast.Attribute):
            base = self.chain(node.value)
            if base is None:
                return () if node.attr == "say" else None
            return (*base, node.attr) if len(base) < 2 else None
        return None

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self.bind(one, its)
        elif isinstance(target, ast.Name):
            chain = self.chain(value)
            if chain is not None and len(chain) < 2:
                self.names[target.id] = chain
            else:
                self.names.pop(target.id, None)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            plain = not node.args and all(word.arg for word in node.keywords)
            for sentence in _choices(node.func.value):
                self.use(sentence, frozenset(str(word.arg) for word in node.keywords) if plain else None)
        elif isinstance(node, ast.Attribute | ast.Subscript):
            self.use(node.value if isinstance(node, ast.Subscript) else node, None)
        comprehension = isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
        children = list(ast.iter_child_nodes(node))
        for child in reversed(children) if comprehension else children:
            self.visit(child)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self.bind(target, node.value)
        elif isinstance(node, ast.NamedExpr):
            self.bind(node.target, node.value)

    def use(self, node: ast.expr, facts: frozenset[str] | None) -> None:
        if chain := self.chain(node):
            self.uses.append(Use(chain, f"{self.path}:{node.lineno}", facts))


def _choices(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _choices(node.body)
        yield from _choices(node.orelse)
    else:
        yield node


def in_code(path: Path, source: str) -> Iterator[Use]:
    """The uses in a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            said = {one.arg for one in arguments if one.annotation and ast.unparse(one.annotation) == "Catalog"}
            function = _Function(path, dict.fromkeys(said, ()))
            for statement in node.body:
                function.visit(statement)
            yield from function.uses


def in_template(path: Path, source: str) -> Iterator[Use]:
    """The uses in a page."""
    for found in IN_TEMPLATE.finditer(source):
        yield Use((found[1], found[2]), f"{path}:{source.count(chr(10), 0, found.start()) + 1}")


@cache
def uses() -> tuple[Use, ...]:
    """Every use in the whole program."""
    readers: dict[str, Callable[[Path, str], Iterator[Use]]] = {".py": in_code, ".html": in_template}
    paths = [path for path in sorted((ROOT / "bot").rglob("*.*")) if path.suffix in readers]
    return tuple(use for path in paths for use in readers[path.suffix](path.relative_to(ROOT), path.read_text("utf-8")))
