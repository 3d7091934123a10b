"""The commands that run Tocsin and ask about its health."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from bot import __version__
from bot.cli.console import HERE, File, fail, log, out, work
from bot.cli.file_limit import file_limit, raise_file_limit
from bot.cli.health import asked_how_it_is, troubles

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Config

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]


def demo(*, once: bool = False, port: Port = 8080) -> int:
    """See everything in a minute: a small flaky site goes down and comes back. Needs no config and no account.

    Parameters
    ----------
    once
        End after the outage and its restoration have been reported.
    port
        The port of the status page, on 127.0.0.1.

    """
    from bot.demo import demonstrate  # noqa: PLC0415 # the daemon need not import the demo

    log(logging.WARNING)
    return work(demonstrate(out.rich, once=once, port=port))


def run(*, config: File = HERE, log_format: LogFormat = "text", log_level: LogLevel = "info") -> int:
    """Run the daemon. It logs to standard error: the services, each change of health, each message sent, the stop.

    Parameters
    ----------
    config
        The config file.
    log_format
        "json": one object per line, with time, level, logger and message.
    log_level
        The lowest level that is logged.

    """
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


def healthcheck(*, config: File = HERE) -> int:
    """Ask the running daemon's /healthz: exit code 0 if it is well. For Docker's HEALTHCHECK."""
    from bot.config import load  # noqa: PLC0415 # `--help` starts quickly without it

    return work(_healthcheck(load(config, secrets=False)))


async def _healthcheck(config: Config) -> int:
    from bot import wording  # noqa: PLC0415 # as above
    from bot.contracts import Answer  # noqa: PLC0415 # as above

    url, answer = await asked_how_it_is(config)
    if not isinstance(answer, Answer) or answer.status != 200:
        why = f"HTTP {answer.status}" if isinstance(answer, Answer) else wording.english(answer.why)
        fail("; ".join((f"not well: {why} at {url}", *troubles(answer))), 1)
    out.line("well")
    return 0


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
