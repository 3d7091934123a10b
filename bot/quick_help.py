"""`tocsin --help` as text that is ready: to make it takes a third of a second.

A test holds it against what the command line makes. The help of a single command is made when asked for.
"""

from __future__ import annotations

import os
import sys

WIDTH = 80  # columns of the text


def quick() -> int | None:
    """Print the help; None if another width or encoding is wanted."""
    out = sys.stdout
    if (out.encoding or "").lower() not in {"utf-8", "utf8"} or "COLUMNS" in os.environ:
        return None
    try:
        if out.isatty() and os.get_terminal_size(out.fileno()).columns < WIDTH:
            return None
        with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as text:  # noqa: PTH118 PTH120 PTH123 # pathlib takes as long as all the rest
            whole = text.read()
    except OSError:
        return None
    try:
        out.write(whole)
        out.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return 1
    return 0
