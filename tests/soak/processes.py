"""What the processes of a soak share: how they are made, and the log into which each writes what it did."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path


def note(log: Path, **what: object) -> None:
    """One write a line: whole, whoever dies."""
    line = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, json.dumps(what).encode() + b"\n")
    os.close(line)


def forked(work: Callable[[], int | None]) -> int:
    """The id of a child that does `work`, whose result is its exit code; 1 for what it raises."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = work() or 0
    except BaseException:  # noqa: BLE001 # nobody is above it
        traceback.print_exc()
    finally:
        os._exit(code)


def ending(child: int) -> int:
    """Its exit code, once it has expired."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
