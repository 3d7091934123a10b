"""Tells whether a process that once wrote its identity has ended, if it ran on this machine."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def this_process() -> str:
    """Our machine's boot, pid namespace and process; "" without /proc."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{socket.gethostname()}/{boot}/{Path('/proc/self/ns/pid').readlink()}/{_started(str(os.getpid()))}"
    return ""


def has_ended(process: str) -> bool:
    """Whether a process of this machine has ended, or is this one; False where that cannot be known."""
    here, _, number = this_process().rpartition("/")
    there, _, other = process.rpartition("/")
    return bool(here) and here == there and (other == number or not _runs(other))


def _started(pid: str) -> str:
    """The process and its start time, as process ids are reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"


def _runs(process: str) -> bool:
    pid = process.partition(":")[0]
    return pid.isdigit() and _started(pid) == process
