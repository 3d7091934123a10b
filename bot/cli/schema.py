"""The commands for writing a config."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bot
from bot.cli.console import AsData, fail, out, show

PACKAGE = Path(bot.__file__).parent
EXAMPLE = "config.example.yaml"


def schema() -> int:
    """Print the JSON Schema of the config, for editors."""
    from bot.config import schema as config_schema  # noqa: PLC0415 # the other commands start quickly without it

    sys.stdout.write(json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0


def example() -> int:
    """Print a config with every setting explained: `tocsin example > config.yaml`, then make it yours."""
    # In a clone the file is beside the package, in a wheel within it.
    found = next(path for path in (PACKAGE / EXAMPLE, PACKAGE.parent / EXAMPLE) if path.is_file())
    sys.stdout.write(found.read_text(encoding="utf-8"))
    return 0


def services(search: str = "", *, as_data: AsData = False) -> int:
    """List the services that a config can name: `service: github` adds their routes and their status page.

    Parameters
    ----------
    search
        Only those with these words in their id, name, aliases or group.
    as_data
        As JSON.

    """
    from bot import catalogue  # noqa: PLC0415 # the other commands start quickly without it
    from bot.cli import service_tables as shown  # noqa: PLC0415 # as above

    found = catalogue.search(search)
    if as_data:
        out.data(shown.as_json(found))
        return 0
    if not found:
        near = ", ".join(catalogue.near(search))
        fail(f'no service is like "{search}"; {f"near: {near}" if near else "without a word all are listed"}', 1)
    show(shown.table(found))
    out.line(shown.age(found))
    return 0
