"""`tocsin healthcheck`, where the running daemon has left its record: asks its /healthz and imports next to nothing.

Containers ask every half minute. Where there is no record, or more than one, `cli.run` reads the config instead.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence

from bot.runtime_record import left_behind, running

WITHIN = 5.0  # seconds for the whole answer
LARGEST = 1 << 20  # bytes of it
CONFIG = "config.yaml"
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a page that listens on all addresses is asked


def quick(arguments: Sequence[str]) -> int | None:
    """The exit code of `healthcheck` with these arguments; None if it takes the config, or help, to answer."""
    config = _config(arguments)
    if config is None or "\0" in config:
        return None
    found = running(config)
    if not found and left_behind(config):
        return _unwell(f"the daemon that ran with {config} has ended, and did not stop in order")
    if len(found) != 1:
        return None
    return _asked(*found[0])


def _config(arguments: Sequence[str]) -> str | None:
    match list(arguments):
        case []:
            return CONFIG
        case ["-c" | "--config", path] if path and not path.startswith("-"):
            return path
        case [both] if both.startswith("--config=") and both != "--config=":
            return both.removeprefix("--config=")
    return None


def _asked(host: str, port: int) -> int:
    at = _place(host, port)
    try:
        status, body = ask((host, port), "/healthz")
    except TimeoutError:
        return _unwell(f"no answer within {WITHIN:.0f} s at http://{at}/healthz")
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        why = os.strerror(number).lower() if number else "no HTTP answer"
        return _unwell(f"{why} at http://{at}/healthz")
    if status != 200:
        return _unwell(f"HTTP {status} at http://{at}/healthz", *_troubles(status, body))
    sys.stdout.write("well\n")
    return 0


def _place(host: str, port: int) -> str:
    host = ANYWHERE.get(host, host)
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def ask(address: tuple[str, int], path: str, headers: str = "", largest: int = LARGEST) -> tuple[int, bytes]:
    """Status and body of a page of the daemon that listens there. Raise OSError, or ValueError for what is no HTTP."""
    host, port = address
    until = time.monotonic() + WITHIN
    with socket.create_connection((ANYWHERE.get(host, host), port), WITHIN) as line:
        asked = f"GET {path} HTTP/1.1\r\nHost: {_place(host, port)}\r\n{headers}Connection: close\r\n\r\n"
        line.sendall(asked.encode())
        whole = bytearray()
        while len(whole) < largest:
            line.settimeout(max(until - time.monotonic(), 0.001))
            part = line.recv(65536)
            if not part:
                break
            whole += part
    head, _, body = bytes(whole).partition(b"\r\n\r\n")
    version, status, *_ = head.split(b" ", 2)
    if not version.startswith(b"HTTP/") or not status[:3].isdigit():
        raise ValueError
    return int(status[:3]), body


def _troubles(status: int, body: bytes) -> list[str]:
    """What the daemon itself says is wrong, a line each."""
    import json  # noqa: PLC0415 # a daemon that is well is not read

    try:
        said = json.loads(body)["troubles"] if status == 503 else []
    except (ValueError, KeyError, TypeError):
        return []
    return [line for line in said if isinstance(line, str)] if isinstance(said, list) else []


def _unwell(*why: str) -> int:
    sys.stderr.write(f"tocsin: not well: {'; '.join(why)}\n")
    return 1
