"""One HTTP answer as it comes in: read, unpacked and cut at its cap, without any I/O."""

from __future__ import annotations

from bot.contracts import Cause
from bot.net import head
from bot.net.chunked import BROKEN, Chunks
from bot.net.errors import TroubleError
from bot.net.unpacking import BrokenError, Unpacker, decoders

# Bytes in a row without one of body: what headers, interim answers, chunk sizes and trailers may take. As curl's bound.
DRY = 300 * 1024
UNKNOWN = "it is packed in a way that we do not know"
SPOILT = "its compressed page is broken"


class Reply:
    """Fed until `done`. Never holds more than `cap` bytes of body and `DRY` of all else, whatever comes in."""

    __slots__ = (
        "_bare",
        "_cap",
        "_chunks",
        "_dry",
        "_final",
        "_head",
        "_left",
        "_line",
        "_raw",
        "_to_end",
        "_unpacker",
        "begun",
        "body",
        "cookies",
        "cut",
        "done",
        "headers",
        "keep",
        "location",
        "status",
        "unread",
    )

    def __init__(self, method: str, cap: int) -> None:
        self.begun = False  # has anything come?
        self.done = False
        self.keep = False  # may the connection carry another?
        self.cut = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.cookies: list[str] = []  # each Set-Cookie by itself
        self.location = ""
        self.body = bytearray()
        self.unread = ""  # why the body could not be unpacked, in plain words: what is in it is not known
        self._bare = method == "HEAD"
        self._cap = cap
        self._chunks: Chunks | None = None
        self._dry = 0
        self._final = False  # has the head of the answer proper come?
        self._head = bytearray()  # as far as it has come
        self._left = 0  # bytes of body that are still to come, where that is known
        self._line = 0  # where the last line of the head begins
        self._raw = b""  # the packed body, until something was unpacked
        self._to_end = False  # does the body end where the connection does?
        self._unpacker: Unpacker | None = None

    def feed(self, data: bytes) -> bool:
        """Is it done? Raise TroubleError for what is no HTTP."""
        if self.done:
            self.keep = False  # it had all come; what follows only tells that the connection is not to be used again
            return True
        self.begun = True
        self._dry += len(data)
        if self._final:
            self._take(data)
        else:
            self._lead(data)
        if self._dry > DRY and not self.done:
            raise TroubleError(Cause.PROTOCOL, "its headers are too long")
        return self.done

    def end(self) -> None:
        """The connection has ended. Raise TroubleError if the answer has not."""
        if not self._final and self._line:
            # All heads but the last line of this one have come: that is enough to know what it says, as for browsers.
            self._begin(head.read(bytes(self._head[: self._line])))
        if self.done or (self._final and (self._to_end or (self._chunks is not None and self._chunks.end()))):
            self._finish()
        elif not self.begun:
            raise TroubleError(Cause.RESET, "closed the connection without an answer")
        else:
            raise TroubleError(Cause.PROTOCOL, "closed the connection in the middle of its answer")

    def release(self) -> None:
        """Let go of what only reading needed."""
        self._head = bytearray()
        self._unpacker = self._chunks = None

    def _lead(self, data: bytes) -> None:
        """Read heads until the one of the answer proper has come."""
        buffer = self._head
        if not buffer and data[:5] == b"HTTP/" and (ended := head.END.search(data)) is not None:
            # Nearly always a head comes in one piece.
            self._begin(head.read(data[: ended.end()]))
            data = data[ended.end() :]
            if self._final:
                self._take(data)
            if self._final or not data:
                return
        buffer += data
        self._skip_empty_lines(buffer)
        if not head.begins(buffer):
            raise TroubleError(Cause.PROTOCOL, head.NO_HTTP)
        if 10 not in data:
            if len(buffer) - self._line > head.LONGEST_LINE:
                raise TroubleError(Cause.PROTOCOL, "its headers are too long")
            return
        while not self._final and buffer:
            ended = head.END.search(buffer, max(self._line - 1, 0))
            if ended is None:
                self._check_lines(buffer)
                return
            this = bytes(buffer[: ended.end()])
            del buffer[: ended.end()]
            self._line = 0
            self._begin(head.read(this))
            if not self._final:
                self._skip_empty_lines(buffer)
        rest = bytes(buffer)
        buffer.clear()
        self._take(rest)

    def _skip_empty_lines(self, buffer: bytearray) -> None:
        """Before a head they mean nothing, however they are cut into pieces."""
        if not self._line and buffer.startswith((b"\r", b"\n")):
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]

    def _check_lines(self, buffer: bytearray) -> None:
        """Of a head that has not ended: a status line that is none is said at once, and no line is too long."""
        if not self._line and (first := bytes(buffer[: buffer.rfind(b"\n") + 1])):
            line, _, _ = first.partition(b"\n")
            if head.STATUS.match(line) is None:
                raise TroubleError(Cause.UNREADABLE, head.NOT_OURS)
        self._line = buffer.rfind(b"\n") + 1
        if len(buffer) - self._line > head.LONGEST_LINE:
            raise TroubleError(Cause.PROTOCOL, "its headers are too long")

    def _begin(self, said: head.Head) -> None:
        if 100 <= said.status < 200 and said.status != 101:
            return  # interim: the answer proper is still to come
        self._final = True
        self.status, self.headers, self.keep = said.status, said.headers, said.keep
        self.cookies, self.location = said.cookies, said.location
        if self._bare or said.status in {101, 204, 304} or (said.length == 0 and not said.chunked):
            self.done = True
            self.keep = self.keep and said.status != 101
            return
        if said.chunked:
            self._chunks = Chunks()
        elif said.length is None:
            self._to_end, self.keep = True, False
        else:
            self._left = said.length
        if said.codings:
            layers = decoders(said.codings)
            if layers is None:
                self.unread = UNKNOWN
            elif layers:
                self._unpacker = Unpacker(layers)

    def _take(self, data: bytes) -> None:
        """Some of what comes after the head."""
        if not data:
            return
        if self.done:
            self.keep = False
        elif self._chunks is not None:
            self._take_chunks(self._chunks, data)
        elif self._to_end:
            self._body(data)
        else:
            self._body(data[: self._left])
            if len(data) >= self._left and not self.done:
                self.keep = self.keep and len(data) == self._left
                self._finish()
            self._left -= min(len(data), self._left)

    def _take_chunks(self, chunks: Chunks, data: bytes) -> None:
        for piece in chunks.feed(data):
            if not self.done:
                self._body(piece)
        if chunks.done and not self.done:
            self.keep = self.keep and not chunks.rest
            self._finish()

    def _finish(self) -> None:
        if self._unpacker is not None and not self._unpacker.whole and not self.cut:
            self.unread = self.unread or SPOILT
            if not self.body:
                self.body += self._raw[: self._cap]
        self.done = True

    def _body(self, data: bytes) -> None:
        self._dry = 0
        room = self._cap - len(self.body)
        if self._unpacker is not None:
            data = self._unpacked(self._unpacker, data, room + 1)
        if len(data) > room:
            self.body += data[:room]
            self.cut = self.done = True
            self.keep = False
        else:
            self.body += data

    def _unpacked(self, unpacker: Unpacker, data: bytes, most: int) -> bytes:
        if not self.body:
            self._raw += data
        try:
            return unpacker.feed(data, most)
        except BrokenError:
            self.unread = SPOILT
        if self.body:
            self.done, self.keep = True, False
            return b""
        # Nothing was ever packed, whatever the header says: as it is, somebody may still make something of it.
        self._unpacker, raw = None, self._raw
        return raw


__all__ = ["BROKEN", "DRY", "Reply"]
