"""A small file for each running daemon: where its page listens. `healthcheck` finds it without reading the config.

It lies in a folder of the user alone, is locked while its daemon lives (the kernel drops the lock, however that ends),
and names the config's path. Without asyncio, paths or hashes: to read it may take no time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Address = tuple[str, int]

# Where a running daemon answers `status`, and the header with the secret of its record.
STATUS_PATH, SECRET_HEADER = "/local/status", "X-Tocsin-Secret"

SERVICE_FOLDER = "/run/tocsin"  # the RuntimeDirectory of our systemd unit
LONGEST = 8192  # bytes of a record
MOST = 1000  # files of the folder that are looked at


class RuntimeRecord:
    """The record of this daemon. Without a folder for it, `say` does nothing: `healthcheck` then reads the config."""

    def __init__(self, handle: int | None, config: str, name: str = "") -> None:
        self._handle, self._config = handle, config
        self.secret = _secret(name)  # known to whoever may list the folder; empty without a record

    def say(self, address: Address) -> None:
        """Write where the page listens, also when it moves."""
        if self._handle is None:
            return
        host, port = address
        whole = f"{host}\n{port}\n{self._config}\n".encode(errors="surrogateescape")
        with suppress(OSError):  # a full disk: what is there is not read as a record
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, whole, 0)


@contextmanager
def kept(config: str) -> Iterator[RuntimeRecord]:
    """Keep a record until the end. Records of dead daemons with the same config are removed."""
    path = os.path.abspath(config)  # noqa: PTH100 # see above: no pathlib
    name, handle = _opened()
    try:
        for other, _ in _records(path, live=False):
            with suppress(OSError):
                os.unlink(other)  # noqa: PTH108 # as above
        yield RuntimeRecord(handle, path, name)
    finally:
        if handle is not None:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108 # as above
            os.close(handle)


def running(config: str) -> list[Address]:
    """Where the running daemons with this config listen."""
    return [address for _, address in _records(os.path.abspath(config), live=True)]  # noqa: PTH100 # as above


def daemons(config: str) -> list[tuple[Address, str]]:
    """Likewise, with the secret of each."""
    found = _records(os.path.abspath(config), live=True)  # noqa: PTH100 # as above
    return [(address, _secret(name)) for name, address in found]


def left_behind(config: str) -> bool:
    """Whether a daemon with this config has ended without removing its record."""
    return any(_records(os.path.abspath(config), live=False))  # noqa: PTH100 # as above


def _secret(name: str) -> str:
    """The random part of a record's name."""
    return name.rpartition("-")[2]


def _folders() -> Iterator[str]:
    """Where records may lie: where systemd has us keep them, in the user's runtime folder, beside other temporary files."""
    service = os.environ.get("RUNTIME_DIRECTORY") or SERVICE_FOLDER  # the latter for commands beside the service
    if os.path.isdir(service):  # noqa: PTH112 # as above
        yield service
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield f"{runtime}/tocsin"
    yield f"{os.environ.get('TMPDIR') or '/tmp'}/tocsin-{os.getuid()}"  # noqa: S108 # its owner and mode are looked at


def _is_ours(folder: str) -> bool:
    """Whether it is a folder that only we can write to: others could send us to a page of theirs."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return found.st_mode & 0o170022 == 0o040000 and found.st_uid == os.getuid()


def _opened() -> tuple[str, int | None]:
    """A new locked file; None if it cannot be made anywhere."""
    for folder in _folders():
        with suppress(OSError):
            os.mkdir(folder, 0o700)  # noqa: PTH102 # as above
        if not _is_ours(folder):
            continue
        name = f"{folder}/{os.getpid()}-{os.urandom(16).hex()}"
        with suppress(OSError):
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # a file system without locks
                os.close(handle)
                os.unlink(name)  # noqa: PTH108 # as above
                continue
            return name, handle
    return "", None


def _records(config: str, *, live: bool) -> Iterator[tuple[str, Address]]:
    """The records of daemons with this config that run, or that have ended."""
    for folder in _folders():
        names = os.listdir(folder)[:MOST] if _is_ours(folder) else ()  # noqa: PTH208 # as above
        for name in names:
            with suppress(OSError):
                handle = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    address = _address(os.pread(handle, LONGEST, 0), config)
                    if address and _is_locked(handle) is live:
                        yield f"{folder}/{name}", address
                finally:
                    os.close(handle)


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _address(written: bytes, config: str) -> Address | None:
    """What a record says, if it is whole and of this config."""
    lines = written.decode(errors="surrogateescape").split("\n", 2)
    if len(lines) < 3 or lines[2] != f"{config}\n" or not lines[1].isdecimal():
        return None
    return lines[0], int(lines[1])
