"""The table of a run, written into a page of the documentation between two markers; the prose around it stays."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Row

BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of the figures -->"
OK = {None: "", True: "yes", False: "**no**"}


def write(path: Path, rows: Sequence[Row], load: tuple[float, float]) -> None:
    """Replace what stands between the markers. `load`: the load average before and after. Raise ValueError without them."""
    text = path.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{head}{BEGIN}\n{table(rows, load)}\n{END}{tail}")


def table(rows: Sequence[Row], load: tuple[float, float]) -> str:
    day = datetime.now(UTC).date()
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {load[0]:.1f} to {load[1]:.1f}"
    lines = [
        f"Measured on {day} ({where}):",
        "",
        "| what | measured | target | met | others |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.what, row.figure, row.target, OK[row.met], row.peers)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
