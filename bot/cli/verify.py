"""The commands that write a config, and test config, channels and destinations before they are needed."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import bot
from bot.cli.console import HERE, AsData, File, err, fail, out, show
from bot.start import log, work

if TYPE_CHECKING:
    from bot.config import Config
    from bot.contracts import Unclear
    from bot.model import Reason

PACKAGE = Path(bot.__file__).parent
EXAMPLE = "config.example.yaml"


def check(*, config: File = HERE, live: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Check the config, then every channel's token; with --live every place, too. Sends nothing to anybody.

    Parameters
    ----------
    config
        The config file.
    live
        Ask about every place of audiences, digests and admins (is the bot in the channel, may it write, does the relay
        take the address?), and check every service and status page once. A line each, marked right, wrong or unknown.

    """
    from bot.config import examine  # noqa: PLC0415 # `--help` starts quickly without it

    read, exposed = examine(config)
    exposed += _open_database(read)
    log(logging.ERROR)  # the clients' complaints are in the lines below
    return work(_check(read, exposed, live=live))


async def _check(config: Config, exposed: list[str], *, live: bool) -> int:
    from bot import wiring  # noqa: PLC0415 # the other commands start quickly without it

    sizes = {"service": len(config.services), "audience": len(config.audiences)}
    found = await (_live(config) if live else _probed(config))
    from bot import wording  # noqa: PLC0415 # as above

    out.line("config: right (" + ", ".join(wording.counted(n, what) for what, n in sizes.items()) + ")")
    if not config.canaries:
        out.line("canaries: none set: an outage of our own connection would be told as everybody's")
    for job, address in (await wiring.addresses(config)).items():
        out.line(f"heartbeat {job}: {address}")
    for line in wiring.witness_lines(config):
        out.line(line)
    for line, wrong in found:
        (err if wrong else out).line(line)
    for line in exposed:
        err.line(line)
    return 1 if any(wrong for _, wrong in found) or exposed else 0


def _open_database(config: Config) -> list[str]:
    """Warn if others can read the database, which has addresses and messages. `run` closes it, but only at its start."""
    path, lines = config.database.removeprefix("sqlite:///"), []
    for name in (path, f"{path}-wal", f"{path}-shm") if path != config.database else ():
        with contextlib.suppress(OSError):
            mode = Path(name).stat().st_mode
            if mode & 0o044:
                lines.append(
                    f"database: others than its owner can read it (mode {S_IMODE(mode):04o}); chmod 600 {name}"
                )
    return lines


Line = tuple[str, bool]  # a line, and whether it reports a fault


async def _probed(config: Config) -> list[Line]:
    import asyncio  # noqa: PLC0415 # as above

    from bot import net  # noqa: PLC0415 # as above

    async with net.Network() as network:
        channels = config.opened_channels()
        faults = await asyncio.gather(*(settings.probe(network) for settings in channels.values()))
    return [(f"{kind}: {_ready(fault)}", bool(fault)) for kind, fault in zip(channels, faults, strict=True)]


def _ready(fault: Reason | Unclear | None) -> str:
    from bot import wording  # noqa: PLC0415 # as above
    from bot.contracts import Unclear  # noqa: PLC0415 # as above

    return wording.english(fault.why if isinstance(fault, Unclear) else fault) or "ready"


async def _live(config: Config) -> list[Line]:
    from bot.cli.live_check import live_check  # noqa: PLC0415 # as above

    with err.rich.status("") as shown:  # visible in a terminal only
        found = await live_check(config, lambda n, m: shown.update(f"{n} of {m} asked"))
    return [(f"{mark(one.reach.good)} {one.what}: {one.reach.said}", one.reach.good is False) for one in found]


def mark(good: bool | None) -> str:
    """A sign, or a word if the terminal cannot show it."""
    sign, word = {True: ("✓", "right"), False: ("✗", "WRONG"), None: ("?", "?")}[good]
    try:
        sign.encode(out.encoding)
    except UnicodeEncodeError:
        return word
    return sign


def prove(audience: str, *, config: File = HERE) -> int:
    """Send a marked test notice to every destination of an audience, and show the outcome of each."""
    from bot.config import load  # noqa: PLC0415 # as above

    return work(_drill(load(config), audience))


def drill(audience: str | None = None, *, config: File = HERE) -> int:
    """Prove every rung: send a marked test notice to each destination, and show when it was last proven.

    Parameters
    ----------
    audience
        Only this one; else all.
    config
        The config file.

    """
    from bot.config import load  # noqa: PLC0415 # as above

    return work(_drill(load(config), audience))


async def _drill(config: Config, name: str | None) -> int:
    from bot.cli import tables  # noqa: PLC0415 # as above
    from bot.cli.drill import drill as try_all  # noqa: PLC0415 # as above
    from bot.clock import SYSTEM  # noqa: PLC0415 # as above

    if name not in {None, *config.audiences}:
        fail(f'there is no audience "{name}"; expected one of {", ".join(config.audiences) or "none yet"}', 2)
    with err.rich.status("") as shown:  # visible in a terminal only
        done = await try_all(
            config, [name] if name else list(config.audiences), lambda n, m: shown.update(f"{n} of {m} tried")
        )
    show(tables.drilled(done, config.style(), SYSTEM.utcnow()))
    for line in tables.failures(done):
        out.line(line)
    if failed := sum(bool(proof.why) for proof in done):
        from bot import wording  # noqa: PLC0415 # as above

        fail(f"{failed} of {wording.counted(len(done), 'destination')} did not take it", 1)
    return 0


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
    from bot.cli import tables  # noqa: PLC0415 # as above

    found = catalogue.search(search)
    if as_data:
        out.data(tables.services_as_json(found))
        return 0
    if not found:
        near = ", ".join(catalogue.near(search))
        fail(f'no service is like "{search}"; {f"near: {near}" if near else "without a word all are listed"}', 1)
    show(tables.services(found))
    out.line(tables.services_age(found))
    return 0
