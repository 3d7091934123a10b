"""`python -m bot` as a process of its own, but quickly: forked from one that has imported all already.

Importing takes a second or three, the work of most tests a tenth of that. What is forked has its own arguments, folder,
environment and pipes, is signalled and ends as any process does. Some tests start Tocsin from nothing all the same.

    process = await start("status", cwd=folder, env=env)     # as asyncio.create_subprocess_exec gives it
    out, err = await process.communicate()
"""

from __future__ import annotations

import array
import asyncio
import atexit
import builtins
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

ROOT = Path(__file__).parent.parent
# Imported only when they are needed, and then by many tests.
LATE = ("alembic.command", "alembic.context", "uvloop")
LONG = 1 << 20  # bytes of a request


@dataclass
class Warm:
    """What tests use of `asyncio.subprocess.Process`."""

    pid: int
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None
    _ended: asyncio.Task[int]

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def communicate(self) -> tuple[bytes, bytes]:
        out, err = await asyncio.gather(*(_all(pipe) for pipe in (self.stdout, self.stderr)))
        await self.wait()
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def start(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str],
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.PIPE,
    warns: Sequence[str] = (),
) -> Warm:
    """Start `python -m bot` with these arguments. `warns`: categories of warnings that are shown."""
    request = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "warns": warns}
    given = [_pipe(one) for one in (stdout, stderr)]
    try:
        line = socket.socket(socket.AF_UNIX)
        line.connect(_server())
        ends = array.array("i", [end for _, end in given])
        line.sendmsg([json.dumps(request).encode() + b"\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, ends)])
    finally:
        for one, (mine, end) in zip((stdout, stderr), given, strict=True):
            if mine is not None or one is subprocess.DEVNULL:
                os.close(end)
    reader, writer = await asyncio.open_unix_connection(sock=line)
    pid = int(await reader.readline())
    pipes = [await _reading(mine) for mine, _ in given]
    return Warm(pid, *pipes, asyncio.create_task(_end(reader, writer)))


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    try:
        return int(await reader.readline())
    finally:
        writer.close()


async def _all(pipe: asyncio.StreamReader | None) -> bytes:
    return b"" if pipe is None else await pipe.read()


def _pipe(wanted: IO[bytes] | int) -> tuple[int | None, int]:
    """Our end of it, if it is one, and the end that is given away."""
    if wanted is subprocess.PIPE:
        return os.pipe()
    if wanted is subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    return None, wanted if isinstance(wanted, int) else wanted.fileno()


async def _reading(end: int | None) -> asyncio.StreamReader | None:
    if end is None:
        return None
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", buffering=0)
    )
    return reader


@cache
def _server() -> str:
    """The address of the process to fork from; one for all tests of this one."""
    folder = TemporaryDirectory(prefix="tocsin-warm-")
    path = f"{folder.name}/socket"
    env = {"PATH": os.environ["PATH"], "HOME": folder.name, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.warm", path]
    server = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    atexit.register(folder.cleanup)
    atexit.register(lambda: (server.send_signal(signal.SIGINT), server.wait()))
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return path


# ── the process that is forked ───────────────────────────────────────────────────────────────────────────────────────


def _served(path: str) -> dict[str, Any]:
    """Serve for ever; return in each process that is forked, with what it is to do."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(path)
    door.listen(50)
    print("ready", flush=True)  # noqa: T201 # who started it waits for that
    while True:
        line, _ = door.accept()
        if os.fork() == 0:
            door.close()
            return _forked(line)
        line.close()
        _reaped()


def _reaped() -> None:
    """Wait for those that have ended: so that what they took counts as taken by the tests."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _forked(line: socket.socket) -> dict[str, Any]:
    """In between: fork once more, and tell the number and then the end of that one, which returns."""
    received, rights, _, _ = line.recvmsg(LONG, socket.CMSG_SPACE(8))
    while not received.endswith(b"\n"):
        received += line.recv(LONG)
    ends = array.array("i", rights[0][2])
    if pid := os.fork():
        for end in ends:
            os.close(end)
        with line:
            line.sendall(f"{pid}\n".encode())
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            line.sendall(f"{code}\n".encode())
        os._exit(0)
    line.close()
    for number, end in zip((1, 2), ends, strict=True):
        os.dup2(end, number)
        os.close(end)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return json.loads(received)


def _become(request: dict[str, Any]) -> None:
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    random.seed()
    for name in request["warns"]:
        warnings.simplefilter("default", getattr(builtins, name))
    sys.argv = ["bot", *request["arguments"]]


def _imported() -> None:
    """All of Tocsin, as late as it imports any of it."""
    import bot  # only here

    skipped = ("bot.__main__", "bot.store.migrations")
    names = [one.name for one in pkgutil.walk_packages(bot.__path__, "bot.", onerror=print)]
    for name in (*names, *LATE):
        if not name.startswith(skipped):
            importlib.import_module(name)


if __name__ == "__main__":
    _imported()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests has ignored
    gc.collect()
    gc.freeze()
    try:
        request = _served(sys.argv[1])
    except KeyboardInterrupt:
        _reaped()
        sys.exit()
    _become(request)
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
