"""`tocsin run` without what reads command lines: it takes 2 MB for as long as the daemon runs.

What this does not understand, and all that has to be said to the user, is left to `cli`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from bot import start

OPTIONS = {"-c": "config", "--config": "config", "--log-format": "log_format", "--log-level": "log_level"}


def quick(arguments: Sequence[str]) -> int | None:
    """Run the daemon; return the exit code. None if the arguments are not understood: then nothing was done."""
    said = _said(arguments)
    if said is None:
        return None
    log_format, log_level = said.get("log_format", "text"), said.get("log_level", "info")
    if log_format not in get_args(start.LogFormat) or log_level not in get_args(start.LogLevel):
        return None
    try:
        return start.daemon(
            Path(said.get("config", "config.yaml")),
            cast("start.LogFormat", log_format),
            cast("start.LogLevel", log_level),
        )
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from bot.cli import explain  # noqa: PLC0415 # see above

        explain(error)
        raise


def _said(arguments: Sequence[str]) -> dict[str, str] | None:
    """The values of the options; None if anything is unknown, empty or said twice."""
    said: dict[str, str] = {}
    left = [part for one in arguments for part in (one.split("=", 1) if one.startswith("--") else (one,))]
    while left:
        name = OPTIONS.get(left.pop(0))
        if name is None or name in said or not left or not left[0] or left[0].startswith("-"):
            return None
        said[name] = left.pop(0)
    return said
