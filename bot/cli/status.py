"""The commands that run Tocsin, and show how it and the services are."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from bot import start
from bot.cli import console
from bot.cli.console import HERE, AsData, File, asked_how_it_is, err, fail, out, show, troubles
from bot.start import LogFormat, LogLevel, log, work

if TYPE_CHECKING:
    from bot.config import Config


def delivery(incident: str, *, config: File = HERE, as_data: AsData = False) -> int:
    """Show who got which message of an incident, when, by which way, and after how many attempts.

    Parameters
    ----------
    incident
        Its number ("x#17"), or a service for its newest.
    as_data
        As JSON.
    config
        The config file.

    """
    from bot.config import load  # noqa: PLC0415 # `--help` starts quickly without it

    return work(_delivery(load(config, secrets=False), incident, as_data=as_data))


async def _delivery(config: Config, asked: str, *, as_data: bool) -> int:
    from bot import wording  # noqa: PLC0415 # as above
    from bot.cli import tables  # noqa: PLC0415 # the other commands start quickly without it
    from bot.cli.stored import trail  # noqa: PLC0415 # as above
    from bot.clock import SYSTEM  # noqa: PLC0415 # as above
    from bot.store import open_store  # noqa: PLC0415 # as above

    async with open_store(config.database, create=False) as store:
        found, style, now = await trail(config, store, asked), config.style(), SYSTEM.utcnow()
    if found is None:
        fail(f'nothing is known of "{asked}"; expected an incident such as x#17, or a service that has had one', 2)
    if as_data:
        out.data(tables.as_json(found, style, now))
        return 0
    out.line(wording.delivered(found, style, now).title)
    show(tables.delivered(found, style, now))
    for line in tables.ways(found, style, now):
        out.line(line)
    return 0


def status(
    service: str | None = None,
    *,
    config: File = HERE,
    as_data: AsData = False,
    exit_code: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what is down now and since when; else "all up".

    Parameters
    ----------
    service
        Only this one.
    as_data
        As JSON.
    exit_code
        Exit with 3 if something is down, partly down or slow.
    config
        The config file.

    """
    from bot.config import load  # noqa: PLC0415 # as above

    return work(_status(load(config, secrets=False), service, as_data=as_data, exit_code=exit_code))


async def _status(config: Config, service: str | None, *, as_data: bool, exit_code: bool) -> int:
    from bot.cli.stored import glance  # noqa: PLC0415 # as above
    from bot.store import open_store  # noqa: PLC0415 # as above
    from bot.web import status_report  # noqa: PLC0415 # as above

    if service is not None and service not in config.services:
        fail(status_report.unknown(service, list(config.services)), 2)
    _, answer = await console.asked_how_it_is(config, timedelta(seconds=2))
    for line in console.troubles(answer):  # even if the database cannot be read
        err.line(status_report.unwell(line))
    async with open_store(config.database, create=False) as store:
        overview, alive = await glance(config, store)
        cluster = await store.nodes()
    if as_data:
        from bot.web.status_page import for_operators  # noqa: PLC0415 # as above

        out.data(for_operators(overview, console.troubles_as_data(answer), cluster))
    else:
        for line in status_report.report(overview, config.style(), service, cluster).lines:
            out.line(line)
    if alive is None or overview.at - alive > timedelta(minutes=1):
        err.line("The daemon is not running: this is what was known when it stopped.")
    return 3 if exit_code and status_report.down(overview, service) else 0


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
