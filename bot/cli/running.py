"""The commands that run Tocsin, and the one that asks whether it runs well."""

from __future__ import annotations

import logging
from typing import Annotated

from cyclopts import Parameter, validators

from bot.cli.health import asked_how_it_is, troubles
from bot.cli.terminal import HERE, File, fail, log, out, work
from bot.config import Config, load
from bot.contracts import Answer

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]


def demo(*, once: bool = False, port: Port = 8080) -> int:
    """See everything in a minute: a small flaky site goes down and comes back. Needs no config and no account.

    Parameters
    ----------
    once
        End by itself when the outage and its restoration have been told.
    port
        Where the status page is served, on 127.0.0.1.

    """
    from bot.demo import demonstrate  # noqa: PLC0415 # what only the demo needs costs the daemon nothing

    log(logging.WARNING)
    return work(demonstrate(out, once=once, port=port))


def run(*, config: File = HERE) -> int:
    """Run the daemon."""
    from bot import life  # noqa: PLC0415 # the shell commands start quickly without it

    log()
    return work(life.run(config, process_stop=life.Stop()))


def healthcheck(*, config: File = HERE) -> int:
    """Ask the running daemon's /healthz: 0 when it is well. For Docker's HEALTHCHECK."""
    return work(_healthcheck(load(config, secrets=False)))


async def _healthcheck(config: Config) -> int:
    url, answer = await asked_how_it_is(config)
    if not isinstance(answer, Answer) or answer.status != 200:
        why = f"HTTP {answer.status}" if isinstance(answer, Answer) else answer.why
        fail("; ".join((f"not well: {why} at {url}", *troubles(answer))), 1)
    out.print("well")
    return 0
