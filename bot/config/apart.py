"""A changed config: read in a process of its own, and compared with the one in force.

A daemon that reloads does nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import bot
from bot.config import Config, ConfigError, ServiceConfig, examine
from bot.contracts import Unable
from bot.errors import fault
from bot.wording.catalog import CatalogError

WITHIN = 600.0  # seconds
HEAD = 8  # bytes of a frame's length
LARGEST = 1 << 30  # bytes of a frame

# Our own code, whatever lies in the present folder; it need not be installed.
ROOT = str(Path(bot.__file__).parents[1])
CODE = "import sys; sys.path.append(sys.argv[1]); from bot.config.apart import run; run(sys.argv[2])"
# What the running parts are told anew. All else is given to them when they are opened: accounts, addresses, the
# database; such a change opens everything anew.
LIVE = frozenset(
    {
        "audiences",
        "canaries",
        "defaults",
        "digests",
        "heartbeat",
        "maintenance",
        "maintenance_before",
        "rooms",
        "services",
        "trackers",
        "web",
    }
)
OF_SERVER = ("listen", "trust_proxy")  # of `web`: given to the server


class RefusedError(ConfigError):
    """The problems of a config that another process has read."""

    def __init__(self, lines: str) -> None:
        Exception.__init__(self, lines)


async def read_apart(path: Path, now: Config) -> tuple[Config, list[str]]:
    """The config, with `now`'s services where they are equal, and warnings. Raise ConfigError or Unable."""
    process = _started(path)
    try:
        async with asyncio.timeout(WITHIN):
            return await asyncio.to_thread(_received, process, now)
    except TimeoutError:
        raise Unable(f"{path}: cannot be read within {WITHIN:.0f} s") from None
    finally:
        process.kill()
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _ended, process))


def _started(path: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 # our own module
            [sys.executable, "-P", "-c", CODE, ROOT, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a ^C at the terminal is not for it
        )
    except OSError as error:
        raise Unable(f"{path}: no process can be started to read it ({error.strerror})") from error


def _received(process: subprocess.Popen[bytes], now: Config) -> tuple[Config, list[str]]:
    with process.stdout or open(os.devnull, "rb") as pipe:  # noqa: PTH123 # for the type checker: it is a pipe
        try:
            kind, *found = _frame(pipe)
            match kind:
                case "read":
                    config, warnings, keys = found
                    # Dropped at once where equal: a heap that does not grow is not searched for garbage.
                    services = {key: same(now.services.get(key), _frame(pipe)) for key in keys}
                    return config.model_copy(update={"services": services}), warnings
                case "refused":
                    raise RefusedError(found[0])
                case _:
                    raise Unable(found[0])
        except (EOFError, ValueError):
            raise Unable("the config cannot be read: the process that reads it has ended") from None


def _ended(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    if process.stdout:
        process.stdout.close()  # if nobody has begun to read it


def _frame(pipe: IO[bytes]) -> Any:
    length = int.from_bytes(pipe.read(HEAD), "big")
    whole = pipe.read(length) if length <= LARGEST else b""
    if not length or len(whole) < length:
        raise EOFError
    return pickle.loads(whole)  # noqa: S301 # written by our own code, below


def _write(pipe: IO[bytes], value: Any) -> None:
    whole = pickle.dumps(value, protocol=5)
    pipe.write(len(whole).to_bytes(HEAD, "big"))
    pipe.write(whole)


def main(path: str, pipe: IO[bytes]) -> None:
    """Read a config and write what was found."""
    try:
        config, warnings = examine(Path(path))
    except ConfigError as error:
        return _write(pipe, ("refused", str(error)))
    except CatalogError as error:
        return _write(pipe, ("unable", str(error)))
    except Exception as error:  # noqa: BLE001 # whatever a file contains, its reader says so
        return _write(pipe, ("unable", f"{path}: cannot be read ({fault(error)})"))
    services = config.services
    _write(pipe, ("read", config.model_copy(update={"services": {}}), warnings, list(services)))
    for service in services.values():
        _write(pipe, service)
    return None


def run(path: str) -> None:
    """The whole work of the process: the frames go to its standard output."""
    with os.fdopen(os.dup(1), "wb") as line:
        main(path, line)


def is_live(old: Config, new: Config) -> bool:
    """Whether the parts that run can take up the new config."""
    others = Config.model_fields.keys() - LIVE
    if any(getattr(old, name) != getattr(new, name) for name in others) or new.witnesses:
        return False  # each witness is given its part when the door to them opens
    if any(getattr(old.web, name) != getattr(new.web, name) for name in OF_SERVER):
        return False
    return _has_ladders(old) or not _has_ladders(new)


def same(old: ServiceConfig | None, new: ServiceConfig) -> ServiceConfig:
    """The old settings of a service if the new ones are equal, so that nobody has to compare them again."""
    return old if old is not None and old == new else new


def described(old: Config, new: Config) -> str:
    """What a change does to the services, for the log."""
    before, after = old.services, new.services
    added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    changed = sum(said is not before[key] for key, said in after.items() if key in before)
    return f"services: {added} added, {changed} changed, {removed} removed"


def _has_ladders(config: Config) -> bool:
    """Whether failover runs: it is not started where no audience has a ladder."""
    return any(audience.ladder for audience in config.audiences.values())
