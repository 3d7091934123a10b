"""Start what runs for long: its limit of open files, its log, its event loop, and the daemon itself."""

from __future__ import annotations

import json
import logging
import resource
import sys
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot import __version__

if TYPE_CHECKING:
    from bot.app import App

ENOUGH = 65_536  # if the system names no limit, or one that cannot be reached

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

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


def daemon(config: Path, log_format: LogFormat, log_level: LogLevel) -> int:
    """Run the daemon until it is stopped; return the exit code. Raise ConfigError or Unable if the log is text."""
    from bot import daemon  # noqa: PLC0415 # the shell commands start quickly without it
    from bot.config import ConfigError  # noqa: PLC0415 # as above
    from bot.contracts import Unable  # noqa: PLC0415 # as above

    in_json = log_format == "json"
    log(logging.getLevelNamesMapping()[log_level.upper()], JsonLines() if in_json else None)
    raise_file_limit()
    try:
        return work(daemon.run(config, _begun, daemon.Stop()))
    except (ConfigError, Unable) as error:
        if not in_json:
            raise
        logging.getLogger("tocsin").error("ended: %s", error)  # readers of JSON get nothing else
        return 2 if isinstance(error, ConfigError) else 1


async def _begun(home: App) -> None:
    from bot.web import operator_log  # noqa: PLC0415 # as above

    config = home.config
    operator_log.begun(__version__, tuple(config.services), tuple(home.channels), f"{config.web.url}/")
    logging.getLogger("tocsin").info("open files: at most %d", file_limit())


def work(task: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop if it is installed: that halves the cost of a check."""
    import asyncio  # noqa: PLC0415 # `--help` starts quickly without it

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


class JsonLines(logging.Formatter):
    """time (ISO 8601, UTC), level, logger, message; for errors also the traceback, which has no values."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message contains."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said)


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one; return the limit now in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, ENOUGH):
        if resource.RLIM_INFINITY in {wanted, soft} or wanted <= soft:
            continue
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return file_limit()


def file_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
