"""The worker process of `offload`: `python -m bot.offload.worker`, with a socket as its standard input.

A request is a frame with a pickled `(work, arguments, seconds)`. The answer is one byte when the work begins, and a
frame: `OK` and the pickled result, or `RAISED` and the pickled names of the exception's classes with its message.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import resource
import signal
import socket
import struct
from pathlib import Path

HEAD = struct.Struct("!cQ")  # a kind, and the length of the rest
WORK, OK, RAISED, BEGUN = b"w", b"o", b"r", b"b"
LARGEST_REQUEST = 64 * 1024 * 1024  # bytes
LARGEST_RESULT = 4 * 1024 * 1024
MEMORY = 1024 * 1024 * 1024  # bytes of address space: work that needs more fails
GROWN = 256 * 1024 * 1024  # bytes of memory: a worker of this size is replaced
GRACE = 2.0  # seconds after its time when it ends by itself, if nobody is left to kill it


class Gone(Exception):
    """The other side has closed."""


def receive(line: socket.socket, length: int) -> bytes:
    """Read exactly `length` bytes. Raise Gone if the other side closes before."""
    whole = bytearray()
    while len(whole) < length:
        part = line.recv(min(length - len(whole), 1 << 20))
        if not part:
            raise Gone
        whole += part
    return bytes(whole)


def serve(line: socket.socket) -> None:
    """Serve requests until the other side closes."""
    with contextlib.suppress(Gone, OSError):
        while resident() < GROWN:
            kind, length = HEAD.unpack(receive(line, HEAD.size))
            if kind != WORK or length > LARGEST_REQUEST:
                return
            kind, said = _done(line, receive(line, length))
            line.sendall(HEAD.pack(kind, len(said)) + said)


def resident() -> int:
    """Bytes of memory held now; 0 if unknown. (getrusage gives the peak, including the parent's.)"""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _done(line: socket.socket, request: bytes) -> tuple[bytes, bytes]:
    """Do a request. The bytes come from us alone: they name our own code, imported here on first use."""
    work, args, seconds = pickle.loads(request)  # noqa: S301 - see above
    line.sendall(BEGUN)
    # The signal's default ends the process anywhere, even in C code: nobody may be left to kill it.
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
    # The data are small, many and free of cycles: collecting garbage would double the time.
    gc.disable()
    try:
        said = pickle.dumps(work(*args), protocol=5)
        if len(said) > LARGEST_RESULT:
            raise MemoryError  # noqa: TRY301 - reported like any other
    except Exception as error:  # noqa: BLE001 - raised again in the caller
        names = [(one.__module__, one.__qualname__) for one in type(error).__mro__]
        return RAISED, pickle.dumps((names, str(error)[:1000]), protocol=5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()
    return OK, said


def main() -> None:
    # Stopping is up to the daemon: its end closes the socket, which ends this process.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=0) as line:
        serve(line)


if __name__ == "__main__":
    main()
