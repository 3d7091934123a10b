"""`tocsin status`, where the running daemon has left its record: asks the daemon, and imports next to nothing.

Where there is no record, or more than one, or no such answer, `cli.status` reads config and database instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from bot.healthcheck import CONFIG, ask
from bot.runtime_record import SECRET_HEADER, STATUS_PATH, daemons

TYPE_CHECKING = False  # `typing` takes a while to load
if TYPE_CHECKING:
    from typing import TextIO

LARGEST = 1 << 26  # bytes of an answer
# What moves the cursor or rings the bell; tabs and line ends are text.
CONTROLS = dict.fromkeys([*(n for n in range(0x20) if n not in (0x09, 0x0A)), *range(0x7F, 0xA0)])


def quick(arguments: Sequence[str]) -> int | None:
    """The exit code of `status` with these arguments; None if it takes the config, or help, to answer."""
    asked = _arguments(arguments)
    if asked is None or "\0" in asked[0]:
        return None
    config, service, flags = asked
    if "--json" in flags and sys.stdout.isatty():
        return None  # in colours
    found = daemons(config)
    if len(found) != 1:
        return None
    address, secret = found[0]
    query = ["json"] if "--json" in flags else []
    if service is not None:
        query.append("service=" + "".join(f"%{byte:02X}" for byte in service.encode(errors="replace")))
    try:
        status, body = ask(address, f"{STATUS_PATH}?{'&'.join(query)}", f"{SECRET_HEADER}: {secret}\r\n", LARGEST)
    except (OSError, ValueError):
        return None
    return _told(body, exit_code="--exit-code" in flags) if status == 200 else None


def _arguments(arguments: Sequence[str]) -> tuple[str, str | None, set[str]] | None:
    """Config, service and flags; None if they are not understood."""
    config, service, flags, left = CONFIG, None, set[str](), list(arguments)
    while left:
        match left.pop(0):
            case "-c" | "--config" if left and left[0] and not left[0].startswith("-"):
                config = left.pop(0)
            case both if both.startswith("--config=") and both != "--config=":
                config = both.removeprefix("--config=")
            case "--json" | "--exit-code" as flag:
                flags.add(flag)
            case name if name and not name.startswith("-") and service is None:
                service = name
            case _:
                return None
    return config, service, flags


def _told(body: bytes, *, exit_code: bool) -> int | None:
    """Print what the daemon said; None if it is nothing of ours."""
    import json  # noqa: PLC0415 # only once there is an answer

    try:
        said = json.loads(body)
        out, errors, known, down = said["out"], said["err"], said["known"], said["down"]
        lines = [str(line) for line in out]
    except (ValueError, KeyError, TypeError):
        return None
    for line in errors:
        _line(sys.stderr, str(line))
    if not known:
        _line(sys.stderr, f"tocsin: {' '.join(lines)}")
        return 2
    for line in lines:
        _line(sys.stdout, line)
    return 3 if exit_code and down else 0


def _line(stream: TextIO, text: str) -> None:
    """Write a line as the other commands do."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(f"{text.translate(CONTROLS).encode(encoding, 'replace').decode(encoding)}\n")
        stream.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise SystemExit(1) from None
