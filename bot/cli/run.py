"""The commands that run Tocsin and ask about its health."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from bot import start
from bot.cli.console import HERE, File, asked_how_it_is, fail, out, troubles
from bot.start import LogFormat, LogLevel, log, work

if TYPE_CHECKING:
    from bot.config import Config

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
    return start.daemon(config, log_format, log_level)


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
