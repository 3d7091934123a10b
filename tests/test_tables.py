"""Every table over an enum has a row for each member: dicts, tuples that number them, and `match`."""

import ast
import enum
import importlib
import pkgutil
from pathlib import Path

import pytest

import bot
import bot.model

ROOT = Path(bot.__file__).parent


def _modules():
    yield bot
    for found in pkgutil.walk_packages(bot.__path__, "bot."):
        if not found.name.endswith("__main__") and "migrations" not in found.name:
            yield importlib.import_module(found.name)


class Finder(ast.NodeVisitor):
    """Finds the tables of one module. What is left out on purpose says so by its form: `.get` with a default, `case _`,
    a (frozen)set, a comparison with `in`.
    """

    def __init__(self, scope):
        self.scope, self.tables, self.softly = scope, [], set()

    def member(self, node):
        """The member of an enum that an expression names."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        value = self.scope.get(node.id) if names and isinstance(node, ast.Name) else None
        for name in reversed(names):
            value = getattr(value, name, None)
        return value if isinstance(value, enum.Enum) else None

    def many(self, node):
        """The members that `**dict.fromkeys((A.B, ...), value)` brings."""
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict.fromkeys" and hasattr(node.args[0], "elts"):
            return [self.member(item) for item in node.args[0].elts]
        return [None]

    def note(self, node, members):
        """A table, if all its keys are members of one enum, and it is more than a choice of one."""
        kinds = {type(m) for m in members}
        if len(members) > 1 and None not in members and len(kinds) == 1:
            (kind,) = kinds
            self.tables.append((node.lineno, kind, frozenset(kind) - set(members)))

    def visit_Call(self, node):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr == "get" and len(node.args) == 2:
            self.softly.add(called.value)
        self.generic_visit(node)

    def visit_Dict(self, node):
        if node not in self.softly:
            members = []
            for key, value in zip(node.keys, node.values, strict=True):
                members += [self.member(key)] if key is not None else self.many(value)
            self.note(node, members)
        self.generic_visit(node)

    def visit_Assign(self, node):
        self._tuple(node)

    def visit_AnnAssign(self, node):
        self._tuple(node)

    def _tuple(self, node):
        if isinstance(node.value, ast.Tuple | ast.List):
            self.note(node, [self.member(item) for item in node.value.elts])
        self.generic_visit(node)

    def visit_Match(self, node):
        named, rest = [], False
        for case in node.cases:
            patterns = case.pattern.patterns if isinstance(case.pattern, ast.MatchOr) else [case.pattern]
            for pattern in patterns:
                if isinstance(pattern, ast.MatchValue):
                    named.append(self.member(pattern.value))
                elif isinstance(pattern, ast.MatchAs) and pattern.pattern is None and case.guard is None:
                    rest = True
        if not rest:
            self.note(node, named)
        self.generic_visit(node)


def _tables(module):
    tree = ast.parse(Path(module.__file__).read_text())
    finder = Finder(vars(module))
    finder.visit(tree)
    return finder.tables


@pytest.mark.hardened(
    "H1", "a table over an enum lacks a member (Outcome.EXPIRING in what is stored)", "none lacks any"
)
def test_no_table_over_an_enum_lacks_a_member(saw):
    found, lacking = 0, []
    for module in _modules():
        for line, kind, missing in _tables(module):
            found += 1
            if missing:
                lacking.append(f"{module.__name__}:{line}: {kind.__name__} lacks {sorted(m.name for m in missing)}")
    saw(f"{found} tables found, {len(lacking)} lack a member")
    assert lacking == []
    assert found > 10


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("A = {DeliveryAction.POST: 1, DeliveryAction.EDIT: 2}", [set()]),
        ("A = {Role.OFFICIAL: 1, Role.CROWD: 2}", [{"TRACKER"}]),
        ("A: tuple = (Role.OFFICIAL, Role.CROWD)", [{"TRACKER"}]),
        ("def f(x):\n match x:\n  case Role.OFFICIAL: pass\n  case Role.CROWD: pass", [{"TRACKER"}]),
        ("def f(x):\n match x:\n  case Role.OFFICIAL | Role.CROWD: pass\n  case _: pass", []),
        ("A = {Role.OFFICIAL: 1, Role.CROWD: 2}.get(x, 3)", []),
        ("A = frozenset({Role.OFFICIAL, Role.CROWD})", []),
        ("A = {**dict.fromkeys((Role.OFFICIAL, Role.CROWD)), Role.TRACKER: 1}", [set()]),
        ("A = {Role.TRACKER: 1, **dict.fromkeys((Role.OFFICIAL,))}", [{"CROWD"}]),
    ],
)
def test_what_is_taken_for_a_table(text, missing):
    finder = Finder(vars(bot.model))
    finder.visit(ast.parse(text))
    assert [{m.name for m in lacks} for _, _, lacks in finder.tables] == missing
