"""An HTTP response as it arrives: parsed, decompressed and cut at its cap. No I/O."""

from __future__ import annotations

from bot.contracts import Cause
from bot.model import Reason, ReasonCode
from bot.net import head
from bot.net.body import BROKEN, BrokenError, Chunks, Unpacker, decoders
from bot.net.errors import TroubleError

# Limit of consecutive bytes that are not body: headers, interim responses, chunk sizes, trailers. As in curl.
DRY = 300 * 1024
UNKNOWN = Reason.of(ReasonCode.COMPRESSION_UNKNOWN)
SPOILT = Reason.of(ReasonCode.COMPRESSION_BROKEN)


class Reply:
    """Fed until `done`. Holds at most `cap` bytes of body and `DRY` of everything else."""

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
        self.begun = False  # whether any data came
        self.done = False
        self.keep = False  # whether the connection may be reused
        self.cut = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.cookies: list[str] = []  # one Set-Cookie each
        self.location = ""
        self.body = bytearray()
        self.unread: Reason | None = None  # why the body could not be decompressed
        self._bare = method == "HEAD"
        self._cap = cap
        self._chunks: Chunks | None = None
        self._dry = 0
        self._final = False  # whether the final head came
        self._head = bytearray()  # the incomplete head
        self._left = 0  # bytes of body still to come, if known
        self._line = 0  # start of the last line of the head
        self._raw = b""  # the compressed body, until some was decompressed
        self._to_end = False  # whether the body ends with the connection
        self._unpacker: Unpacker | None = None

    def feed(self, data: bytes) -> bool:
        """Take data; return whether the response is done. Raise TroubleError if it is not HTTP."""
        if self.done:
            self.keep = False  # surplus data only means that the connection must not be reused
            return True
        self.begun = True
        self._dry += len(data)
        if self._final:
            self._take(data)
        else:
            self._lead(data)
        if self._dry > DRY and not self.done:
            raise TroubleError(Cause.PROTOCOL, Reason.of(ReasonCode.HEADERS_TOO_LONG))
        return self.done

    def end(self) -> None:
        """Note the end of the connection. Raise TroubleError if the response is incomplete."""
        if not self._final and self._line:
            # Only the last line of the head is missing: as in browsers, that is enough.
            self._begin(head.read(bytes(self._head[: self._line])))
        if self.done or (self._final and (self._to_end or (self._chunks is not None and self._chunks.end()))):
            self._finish()
        elif not self.begun:
            raise TroubleError(Cause.RESET, Reason.of(ReasonCode.CLOSED_WITHOUT_ANSWER))
        else:
            raise TroubleError(Cause.PROTOCOL, Reason.of(ReasonCode.CLOSED_IN_ANSWER))

    def release(self) -> None:
        """Free what only reading needed."""
        self._head = bytearray()
        self._unpacker = self._chunks = None

    def _lead(self, data: bytes) -> None:
        """Parse heads until the final one."""
        buffer = self._head
        if not buffer and data[:5] == b"HTTP/" and (ended := head.END.search(data)) is not None:
            # Nearly always the head comes in one piece.
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
                raise TroubleError(Cause.PROTOCOL, Reason.of(ReasonCode.HEADERS_TOO_LONG))
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
        """Skip empty lines before a head, however they are split."""
        if not self._line and buffer.startswith((b"\r", b"\n")):
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]

    def _check_lines(self, buffer: bytearray) -> None:
        """Check an incomplete head: reject a bad status line at once, and long lines."""
        if not self._line and (first := bytes(buffer[: buffer.rfind(b"\n") + 1])):
            line, _, _ = first.partition(b"\n")
            if head.STATUS.match(line) is None:
                raise TroubleError(Cause.UNREADABLE, head.NOT_OURS)
        self._line = buffer.rfind(b"\n") + 1
        if len(buffer) - self._line > head.LONGEST_LINE:
            raise TroubleError(Cause.PROTOCOL, Reason.of(ReasonCode.HEADERS_TOO_LONG))

    def _begin(self, said: head.Head) -> None:
        if 100 <= said.status < 200 and said.status != 101:
            return  # interim: the final response is still to come
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
        """Take data after the head."""
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
        # It never was compressed, whatever the header says: keep it as it is.
        self._unpacker, raw = None, self._raw
        return raw


__all__ = ["BROKEN", "DRY", "Reply"]
