"""A chunked body (RFC 9112, 7.1), decoded as it arrives."""

from __future__ import annotations

import re

from bot.contracts import Cause
from bot.model import Reason, ReasonCode
from bot.net.errors import TroubleError

SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})(?![0-9A-Fa-f])")
LARGEST = 2**63 - 1
BROKEN = Reason.of(ReasonCode.HTTP_BROKEN)


class Chunks:
    """Fed until `done`. A line may end with a line feed alone; extensions and trailers are skipped."""

    __slots__ = ("_after", "_left", "_line", "_trailer", "done", "rest")

    def __init__(self) -> None:
        self.done = False
        self.rest = False  # whether data came after the end
        self._left = 0  # bytes of the chunk still to come
        self._after = False  # whether the line end after a chunk is still to come
        self._trailer = False
        self._line = b""  # the beginning of an unfinished line

    def feed(self, data: bytes) -> list[bytes]:
        """Decode data into pieces of the body. Raise TroubleError if it is not chunked."""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not self.done:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._after = not self._left
                continue
            if self._after:
                at = self._ended(data, at)
                continue
            feed = data.find(b"\n", at)
            if feed < 0:
                self._keep(data[at:])
                break
            line, at = data[at:feed], feed + 1
            if self._line:
                line, self._line = self._line + line, b""
            self._read(line)
        self.rest = self.done and at < end
        return pieces

    def end(self) -> bool:
        """Whether the body was complete except for its last line end, when the connection ended."""
        return self.done or (self._trailer and self._line[:1] == b"\r")

    def _ended(self, data: bytes, at: int) -> int:
        """Skip the line end after a chunk."""
        if data[at] == 10:
            self._after = False
        elif data[at] != 13:
            raise TroubleError(Cause.PROTOCOL, BROKEN)
        return at + 1

    def _keep(self, part: bytes) -> None:
        if not self._trailer and not self._line:
            self._size(part + b"0" if not part.strip() else part)  # an invalid size is rejected before its line ends
        # Anything after the first bytes of a size is an extension; of a trailer only its presence counts.
        self._line = (self._line + part)[:64]

    def _read(self, line: bytes) -> None:
        if self._trailer:
            self.done = line[:1] in {b"", b"\r"}
            return
        self._left = self._size(line)
        self._trailer = self._left == 0

    @staticmethod
    def _size(line: bytes) -> int:
        found = SIZE.match(line)
        if found is None or (size := int(found[1], 16)) > LARGEST:
            raise TroubleError(Cause.PROTOCOL, BROKEN)
        return size
