"""Reads a config in a process of its own, so that a daemon that reloads does nothing else meanwhile, and keeps none of
the memory that it takes.

The process writes a frame: what it found, pickled. Then each service in a frame of its own, so that whoever reads them
is never long at a time.
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
from bot.config import Config, ConfigError, examine
from bot.config.changes import same
from bot.contracts import Unable
from bot.errors import fault
from bot.wording.catalog import CatalogError

WITHIN = 600.0  # seconds
HEAD = 8  # bytes of a frame's length
LARGEST = 1 << 30  # bytes of a frame

ROOT = str(Path(bot.__file__).parents[1])


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
        await asyncio.shield(asyncio.to_thread(_ended, process))


def _started(path: Path) -> subprocess.Popen[bytes]:
    there = os.environ.get("PYTHONPATH")
    # Our own code, whatever lies in the present folder.
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{there}" if there else ROOT}
    try:
        return subprocess.Popen(  # noqa: S603 # our own module
            [sys.executable, "-P", "-m", "bot.config.apart", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
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


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as line:
        main(sys.argv[1], line)
