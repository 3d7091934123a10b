"""The process that work is offloaded to: `python -m bot.offload.worker`, with a socket as its standard input.

A request is a frame with a pickled `(work, arguments, seconds)`. The answer to it is one byte once the work begins, and a
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

HEAD = struct.Struct("!cQ")  # a kind, and the length of what follows
WORK, OK, RAISED, BEGUN = b"w", b"o", b"r", b"b"
LARGEST_REQUEST = 64 * 1024 * 1024  # bytes
LARGEST_RESULT = 4 * 1024 * 1024
MEMORY = 1024 * 1024 * 1024  # bytes of address space: what needs more is given up
GROWN = 256 * 1024 * 1024  # bytes of memory: a worker that holds so much gives way to a fresh one
GRACE = 2.0  # seconds after which it ends by itself, should nobody be left to end it


class Gone(Exception):
    """The other side has closed."""


def receive(line: socket.socket, length: int) -> bytes:
    """Exactly so many bytes. Raise Gone when there are no more."""
    whole = bytearray()
    while len(whole) < length:
        part = line.recv(min(length - len(whole), 1 << 20))
        if not part:
            raise Gone
        whole += part
    return bytes(whole)


def serve(line: socket.socket) -> None:
    """Do what is asked, until the other side closes."""
    with contextlib.suppress(Gone, OSError):
        while resident() < GROWN:
            kind, length = HEAD.unpack(receive(line, HEAD.size))
            if kind != WORK or length > LARGEST_REQUEST:
                return
            kind, said = _done(line, receive(line, length))
            line.sendall(HEAD.pack(kind, len(said)) + said)


def resident() -> int:
    """Bytes of memory held now; 0 where the system does not say. (The peak that getrusage gives counts the parent's too.)"""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _done(line: socket.socket, request: bytes) -> tuple[bytes, bytes]:
    """Bytes that came from us alone: what they name is our own code, imported here at its first use."""
    work, args, seconds = pickle.loads(request)  # noqa: S301 - see above
    line.sendall(BEGUN)
    # The signal's default ends the process wherever it is, in C code too: nobody may be left to end it.
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)
    # What is worked on is small, its values many and without cycles: walking through them again and again doubles its time.
    gc.disable()
    try:
        said = pickle.dumps(work(*args), protocol=5)
        if len(said) > LARGEST_RESULT:
            raise MemoryError  # noqa: TRY301 - told as any other
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the work was wanted
        names = [(one.__module__, one.__qualname__) for one in type(error).__mro__]
        return RAISED, pickle.dumps((names, str(error)[:1000]), protocol=5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()
    return OK, said


def main() -> None:
    # A stop is the daemon's to handle: its end closes the line, and that ends this process.
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
