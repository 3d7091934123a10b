"""The command line; thin. Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 something is down (`status --exit-code`)."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

from cyclopts import App, CycloptsError, Parameter, validators
from rich.console import Console
from rich.table import Table

from bot import __version__
from bot.config import Config, ConfigError, load
from bot.config import schema as config_schema
from bot.contracts import Answer, Unable
from bot.model import Confidence, Overview

app = App(
    name="tocsin",
    version=__version__,
    help="Watches the services you depend on and tells your people, on whichever channel still works.",
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

File = Annotated[Path, Parameter(name=["--config", "-c"], help="The config file.")]
Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]
HERE = Path("config.yaml")


@app.command
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

    _log(logging.WARNING)
    return _run(demonstrate(out, once=once, port=port))


@app.command
def run(*, config: File = HERE) -> int:
    """Run the daemon."""
    from bot import life  # noqa: PLC0415 # the shell commands start quickly without it

    _log()
    return _run(life.run(config))


@app.command
def check(*, config: File = HERE) -> int:
    """Check the config, then every channel's token and reachability."""
    return _run(_check(load(config)))


async def _check(config: Config) -> int:
    from bot import net, parts  # noqa: PLC0415 # as above

    async with net.Network() as network:
        channels = config.opened_channels()
        faults = await asyncio.gather(*(settings.probe(network) for settings in channels.values()))
    sizes = {"service": len(config.services), "audience": len(config.audiences)}
    out.print("config: right (" + ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in sizes.items()) + ")")
    if not config.canaries:
        out.print("canaries: none set: an outage of our own connection would be told as everybody's")
    for job, address in (await parts.addresses(config)).items():
        out.print(f"heartbeat {job}: {address}", markup=False)
    for kind, fault in zip(channels, faults, strict=True):
        (err if fault else out).print(f"{kind}: {fault or 'ready'}", markup=False)
    return 1 if any(faults) else 0


@app.command(name="test")
def prove(audience: str, *, config: File = HERE) -> int:
    """Send a marked test notice to every destination of an audience, and say what became of each."""
    return _run(_drill(load(config), audience))


@app.command
def drill(audience: str | None = None, *, config: File = HERE) -> int:
    """Prove every rung: a marked test notice to each destination, and when it was last proven.

    Parameters
    ----------
    audience
        Only this one; else all.
    config
        The config file.

    """
    return _run(_drill(load(config), audience))


async def _drill(config: Config, name: str | None) -> int:
    from bot.app import now  # noqa: PLC0415 # as above
    from bot.drill import drill as try_all  # noqa: PLC0415 # as above
    from bot.show import proofs  # noqa: PLC0415 # as above

    if name not in {None, *config.audiences}:
        _fail(f'there is no audience "{name}"; expected one of {", ".join(config.audiences) or "none yet"}', 2)
    with err.status("") as shown:  # only a terminal shows it
        done = await try_all(
            config, [name] if name else list(config.audiences), lambda n, m: shown.update(f"{n} of {m} tried")
        )
    _show(proofs.drilled(done, config.style(), now()))
    for line in proofs.failures(done):
        out.print(line, markup=False)
    if failed := sum(bool(proof.why) for proof in done):
        _fail(f"{failed} of {len(done)} destinations did not take it", 1)
    return 0


@app.command
def delivery(
    incident: str,
    *,
    config: File = HERE,
    as_data: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Who got what of an incident, when, by which way, in how many attempts.

    Parameters
    ----------
    incident
        Its number ("x#17"), or a service for its newest.
    as_data
        As JSON.
    config
        The config file.

    """
    return _run(_delivery(load(config, secrets=False), incident, as_data=as_data))


async def _delivery(config: Config, asked: str, *, as_data: bool) -> int:
    from bot.app import now, trail  # noqa: PLC0415 # as above
    from bot.show import proofs  # noqa: PLC0415 # as above
    from bot.store import open_store  # noqa: PLC0415 # as above
    from bot.tell import wording  # noqa: PLC0415 # as above

    async with open_store(config.database, create=False) as store:
        found, style = await trail(config, store, asked), config.style()
    if found is None:
        _fail(f'nothing is known of "{asked}"; expected an incident such as x#17, or a service that has had one', 2)
    if as_data:
        out.print_json(json.dumps(proofs.as_json(found, style, now())))
        return 0
    out.print(wording.delivered(found, style, now()).title, markup=False)
    _show(proofs.delivered(found, style, now()))
    for line in proofs.ways(found, style, now()):
        out.print(line, markup=False)
    return 0


@app.command
def status(
    service: str | None = None,
    *,
    config: File = HERE,
    as_data: Annotated[bool, Parameter(name="--json", negative="")] = False,
    exit_code: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """What is down now and since when; else "all up".

    Parameters
    ----------
    service
        Only this one.
    as_data
        As JSON.
    exit_code
        End with 3 when something is down.
    config
        The config file.

    """
    return _run(_status(load(config, secrets=False), service, as_data=as_data, exit_code=exit_code))


async def _status(config: Config, service: str | None, *, as_data: bool, exit_code: bool) -> int:
    from bot.app import glance  # noqa: PLC0415 # as above
    from bot.show.status import as_json  # noqa: PLC0415 # as above
    from bot.store import open_store  # noqa: PLC0415 # as above
    from bot.tell import wording  # noqa: PLC0415 # as above

    if service is not None and service not in config.services:
        _fail(f'there is no service "{service}"; expected one of {", ".join(config.services)}', 2)
    async with open_store(config.database, create=False) as store:
        overview, alive = await glance(config, store)
    if as_data:
        out.print_json(json.dumps(as_json(overview)))
    else:
        out.print(wording.status(overview, config.style(), service).text, markup=False)
    if alive is None or overview.at - alive > timedelta(minutes=1):
        err.print("The daemon is not running: this is what was known when it stopped.")
    return 3 if exit_code and _down(overview, service) else 0


def _down(overview: Overview, service: str | None) -> bool:
    return any(
        state.incident is not None and state.incident.confidence is Confidence.CONFIRMED
        for known, state in overview.services
        if service in (None, known.id)
    )


@app.command
def schema() -> int:
    """Print the JSON Schema of the config, for editors."""
    sys.stdout.write(json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0


@app.command
def healthcheck(*, config: File = HERE) -> int:
    """Ask the running daemon's /healthz: 0 when it is well. For Docker's HEALTHCHECK."""
    return _run(_healthcheck(load(config, secrets=False)))


async def _healthcheck(config: Config) -> int:
    from bot.net import Network  # noqa: PLC0415 # as above

    host, port = config.web.address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
    async with Network() as net:
        answer = await net.fetch(net.prepare("GET", url), timeout=timedelta(seconds=5))
    if not isinstance(answer, Answer) or answer.status != 200:
        _fail(f"not well: {f'HTTP {answer.status}' if isinstance(answer, Answer) else answer.why} at {url}", 1)
    out.print("well")
    return 0


def _show(table: Table) -> None:
    """A file, or another program, is as wide as it takes."""
    if not out.is_terminal:
        out.width = 1000
    out.print(table)


def _run(work: Coroutine[Any, Any, int | None]) -> int:
    """On uvloop where there is one: it halves what a check costs."""
    try:
        import uvloop  # noqa: PLC0415 # not on every platform
    except ImportError:
        return asyncio.run(work) or 0
    return uvloop.run(work) or 0


def _log(level: int = logging.INFO) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # Their INFO lines carry URLs with tokens in them, and tell of every request.
    for chatty in (
        "httpx",
        "httpcore",
        "discord",
        "telegram",
        "slack_sdk",
        "aiosmtplib",
        "apscheduler",
        "mail.log",
        "alembic",
        "watchfiles",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _fail(line: str, code: int) -> NoReturn:
    err.print(f"tocsin: {line}", markup=False)
    raise SystemExit(code)


def main() -> None:
    """Run a command; whatever a user can cause ends in one line and the right exit code."""
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _fail(" ".join(str(error).split()), 2)
    except ConfigError as error:
        err.print(str(error), markup=False)
        raise SystemExit(2) from None
    except Unable as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(code or 0)
