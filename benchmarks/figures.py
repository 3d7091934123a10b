"""A figure beside its target and the peers' figure; and what Linux knows of another process."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Row:
    """`figure` and `target` begin with a number of the same unit; the target says "or less" or "or more"."""

    what: str
    figure: str
    target: str = ""
    peers: str = ""

    @property
    def met(self) -> bool | None:
        """None where nothing is promised."""
        if not self.target:
            return None
        measured, wanted = _number(self.figure), _number(self.target)
        return measured >= wanted if "or more" in self.target else measured <= wanted


def _number(text: str) -> float:
    found = NUMBER.search(text)
    return float(found[0].replace(",", "")) if found else float("nan")


def cpu(pid: int) -> float:
    """Seconds of user and system time of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss(pid: int) -> float:
    """Resident memory in MB of 2^20 bytes, as ps and top count."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
