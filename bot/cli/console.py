"""The common part of all commands: printing, failing, and asking the running daemon how it is."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bot.config import Config
    from bot.contracts import Answer, Trouble

# What moves the cursor or rings the bell; tabs and line ends are text.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


class Output:
    """Standard output or standard error. Lines are written plainly; rich is loaded only for what needs it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def _file(self) -> TextIO:
        file: TextIO = getattr(sys, self._name)
        return file

    @cached_property
    def rich(self) -> Console:
        """For tables and for what moves in a terminal."""
        from rich.console import Console  # noqa: PLC0415 # most commands need only lines

        return Console(stderr=self._name == "stderr", highlight=False, soft_wrap=True)

    @property
    def encoding(self) -> str:
        return self._file.encoding or "utf-8"

    def line(self, text: str) -> None:
        """Write a line, or several; what the terminal's encoding lacks becomes a question mark."""
        text = CONTROLS.sub("", text).encode(self.encoding, "replace").decode(self.encoding)
        try:
            self._file.write(f"{text}\n")
            self._file.flush()
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())
            raise SystemExit(1) from None

    def data(self, data: Any) -> None:
        """Write data as JSON, in colours in a terminal."""
        if self._file.isatty():
            self.rich.print_json(data=data)
        else:
            self.line(json.dumps(data, indent=2, ensure_ascii=False))


out = Output("stdout")
err = Output("stderr")

File = Annotated[Path, Parameter(name=["--config", "-c"], help="The config file.")]
AsData = Annotated[bool, Parameter(name="--json", negative="")]
HERE = Path("config.yaml")


def show(table: Table) -> None:
    """Print a table, at full width into a file or another program."""
    if not out.rich.is_terminal:
        out.rich.width = 1000
    out.rich.print(table)


def fail(line: str, code: int) -> NoReturn:
    err.line(f"tocsin: {line}")
    raise SystemExit(code)


async def asked_how_it_is(config: Config, within: timedelta = timedelta(seconds=5)) -> tuple[str, Answer | Trouble]:
    """The URL of /healthz and its response."""
    from bot.net import Network  # noqa: PLC0415 # the other commands start quickly without it

    host, port = config.web.address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
    async with Network() as net:
        return url, await net.fetch(net.prepare("GET", url), timeout=within)


def troubles(answer: Answer | Trouble) -> tuple[str, ...]:
    """The troubles that the daemon reports, a line each; none if nobody answers."""
    return tuple(one for one in _reported(answer, "troubles") if isinstance(one, str))


def troubles_as_data(answer: Answer | Trouble) -> list[dict[str, str]]:
    """The same for programs: the part, why, and since when."""
    parts = (one for one in _reported(answer, "parts") if isinstance(one, dict))
    return [{str(key): str(value) for key, value in part.items()} for part in parts]


def _reported(answer: Answer | Trouble, key: str) -> list[object]:
    from bot.contracts import Answer  # noqa: PLC0415 # as above

    if not isinstance(answer, Answer) or answer.status != 503:
        return []
    try:
        said = json.loads(answer.body)[key]
    except (ValueError, KeyError, TypeError):
        return []
    return said if isinstance(said, list) else []
