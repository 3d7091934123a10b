"""The common part of all commands: printing, running and failing."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

File = Annotated[Path, Parameter(name=["--config", "-c"], help="The config file.")]
AsData = Annotated[bool, Parameter(name="--json", negative="")]
HERE = Path("config.yaml")

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS = ("bot", "tocsin")

# Their INFO lines have URLs with tokens, and report every request.
CHATTY = (
    "httpx",
    "httpcore",
    "discord",
    "telegram",
    "slack_sdk",
    "aiosmtplib",
    "apscheduler",
    "mail.log",
    "alembic",
)


def show(table: Table) -> None:
    """Print a table, at full width into a file or another program."""
    if not out.is_terminal:
        out.width = 1000
    out.print(table)


def work(task: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop if it is installed: that halves the cost of a check."""
    try:
        import uvloop  # noqa: PLC0415 # not on every platform
    except ImportError:
        return asyncio.run(task) or 0
    return uvloop.run(task) or 0


def log(level: int = logging.INFO, formatter: logging.Formatter | None = None) -> None:
    """Log our own lines from `level` on to standard error, and only warnings of libraries."""
    logging.basicConfig(level=max(level, logging.WARNING), format=TEXT, stream=sys.stderr)
    if formatter:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(formatter)
    for ours in OURS:
        logging.getLogger(ours).setLevel(level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


def fail(line: str, code: int) -> NoReturn:
    err.print(f"tocsin: {line}", markup=False)
    raise SystemExit(code)
