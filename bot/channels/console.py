"""The console: each notice on standard output, for a first look, for logs and for the demo."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from bot.contracts import Answering, ChannelContext, Net, Pace, Reach, Unclear
from bot.model import Delivery, DeliveryAction, Later, Reason, ReasonCode, Receipt, Sent, Tone

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    Tone.DOWN: "bold red",
    Tone.DEGRADED: "bold dark_orange",
    Tone.POSSIBLE: "bold yellow",
    Tone.INFO: "bold blue",
    Tone.UP: "bold green",
    Tone.CORRECTION: "bold",
    Tone.UNSEEN: "bold",
    Tone.TEST: "bold magenta",
}


class ConsoleSettings(BaseModel):
    """The destination is console:- ."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    edits: ClassVar[bool] = False
    pace: ClassVar[Pace] = Pace()
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = False
    looks: ClassVar[bool] = False
    lives: ClassVar[bool] = False

    kind: Literal["console"] = "console"
    watch: str | None = None

    @contextlib.asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[ConsoleChannel]:
        from rich.console import Console  # noqa: PLC0415  an unused channel costs nothing

        yield ConsoleChannel(Console(highlight=False, markup=False, emoji=False))

    def place_problem(self, place: str) -> str:
        """Any name will do."""
        return ""

    @staticmethod
    def person_problem(person: str) -> str:
        return "" if person else "names nobody"

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        """Standard output always exists."""
        return None


class ConsoleChannel:
    """Prints notices. Printed text stays, so an edit does nothing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def send(self, delivery: Delivery) -> Receipt:
        from rich.text import Text  # noqa: PLC0415  as above

        if delivery.action is DeliveryAction.EDIT:
            return Sent()
        words, clock = delivery.notice.words, datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        text = Text.assemble(f"{clock} ", (self._clean(words.title), COLOURS[delivery.notice.tone]))
        for line in (*words.lines, *(link.text for link in delivery.notice.links)):
            text.append(f"\n{'':9}{self._clean(line)}")
        try:
            self._console.print(text, soft_wrap=True)
        except (OSError, ValueError) as trouble:  # a pipe without a reader, a closed file
            return Later(Reason.of(ReasonCode.STDOUT_FAILED, detail=str(trouble)))
        return Sent()

    async def listen(self, answer: Answering) -> None:
        """Return at once: there are no replies."""

    async def account(self) -> Reach:
        return Reach(True, "needs no account")

    async def reach(self, place: str) -> Reach:
        return Reach(True, "standard output")

    def _clean(self, line: str) -> str:
        # Control characters from outside could move the cursor or colour the screen.
        seen = "".join(character if character.isprintable() or ord(character) > 0x9F else " " for character in line)
        return seen.encode(self._console.encoding, "replace").decode(self._console.encoding)
