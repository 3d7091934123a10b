"""Loads SQLAlchemy's asyncio engine without its ORM, which is unused here: 8 MB, and a third of the import's time.

`sqlalchemy.ext.asyncio` imports its sessions, and they import the ORM. They are left out until somebody asks for one.
Imported before all that speaks SQL.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

PACKAGE = "sqlalchemy.ext.asyncio"
LEFT_OUT = ("scoping", "session")


class _Absent(ModuleType):
    """Stands in for a module: has every name that is imported from it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


def load() -> None:
    """Import the engine. Does nothing if the whole package has been imported already."""
    if PACKAGE in sys.modules:
        return
    absent = {f"{PACKAGE}.{name}": _Absent(f"{PACKAGE}.{name}") for name in LEFT_OUT}
    sys.modules.update(absent)
    try:
        package = importlib.import_module(PACKAGE)
    finally:
        for name in absent:
            del sys.modules[name]
    for name, found in list(vars(package).items()):
        if isinstance(found, _Absent):
            delattr(package, name)
    package.__getattr__ = _in_earnest  # type: ignore[method-assign] # read as the module's own


def _in_earnest(name: str) -> Any:
    """A session after all, for whoever asks for it."""
    if not name.startswith("_"):
        for module in LEFT_OUT:
            found = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name, None)
            if found is not None:
                return found
    raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}")


load()
