"""One HTTP answer as it comes in: parsed, unpacked and cut at its cap, without any I/O."""

from __future__ import annotations

import zlib

import httptools

from bot.contracts import Cause
from bot.net.causes import TroubleError

DRY = 64 * 1024  # bytes in a row without one of body: what headers, interim answers, chunk sizes and trailers may take
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class Reply:
    """Fed until `done`. Never holds more than `cap` bytes of body and `DRY` of all else, whatever comes in."""

    __slots__ = (
        "_bare",
        "_cap",
        "_dry",
        "_fault",
        "_final",
        "_first",
        "_packed",
        "_parser",
        "_to_end",
        "_unpack",
        "begun",
        "body",
        "cut",
        "done",
        "headers",
        "keep",
        "status",
    )

    def __init__(self, method: str, cap: int) -> None:
        self.begun = False  # has anything come?
        self.done = False
        self.keep = False  # may the connection carry another?
        self.cut = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self._bare = method == "HEAD"
        self._cap = cap
        self._dry = 0
        self._fault: TroubleError | None = None
        self._final = False  # have the headers of the answer proper come?
        self._first = b""  # of a packed body, until it tells how it is packed
        self._packed = False
        self._to_end = False  # does the body end where the connection does?
        self._unpack: zlib._Decompress | None = None
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> bool:
        """Is it done? Raise TroubleError for what is no HTTP."""
        self.begun = True
        self._dry += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.done = True
        except httptools.HttpParserError:
            self._break("breaks off into something that is no HTTP" if self._final else "what it answers is no HTTP")
        if self._dry > DRY and not self.done:
            self._break("its headers are too long")
        if self._fault is not None:
            raise self._fault
        return self.done

    def end(self) -> None:
        """The connection has ended. Raise TroubleError if the answer has not."""
        if self.done or (self._final and self._to_end):
            self.done = True
        elif not self.begun:
            raise TroubleError(Cause.RESET, "closed the connection without an answer")
        else:
            raise TroubleError(Cause.PROTOCOL, "closed the connection in the middle of its answer")

    def release(self) -> None:
        """The parser and we hold each other: part, so that neither waits for the garbage collector."""
        del self._parser

    def _break(self, why: str) -> None:
        if self.done:
            self.keep = False  # it had all come; what follows only tells that the connection is not to be used again
        else:
            self._fault = self._fault or TroubleError(Cause.PROTOCOL, why)

    # ── called by the parser ─────────────────────────────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        if self.done:
            self.keep = False  # an answer that nobody asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._final:
            return  # a trailer
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        if self.done:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self.headers.clear()  # interim: the answer proper is still to come
            return
        self._final = True
        self.status = status
        self.keep = self._parser.should_keep_alive()
        if self._bare or status in {101, 204, 304}:
            self.done = True
            return
        coding = self.headers.get("transfer-encoding")
        self._to_end = "chunked" not in coding.lower() if coding else "content-length" not in self.headers
        self._packed = self._packing in PACKED

    def on_body(self, data: bytes) -> None:
        self._dry = 0
        if self.done or self._fault:
            self.keep = False
            return
        room = self._cap - len(self.body)
        if self._packed:
            data = self._unpacked(data, room + 1)
        if len(data) > room:
            self.body += data[:room]
            self.cut = self.done = True
            self.keep = False
        else:
            self.body += data

    def on_message_complete(self) -> None:
        if self._final:
            self.done = True

    @property
    def _packing(self) -> str:
        return self.headers.get("content-encoding", "").strip().lower()

    def _unpacked(self, data: bytes, most: int) -> bytes:
        try:
            if self._unpack is None:
                data = self._first = self._first + data
                if len(data) < 2:
                    return b""
                self._unpack = zlib.decompressobj(_bits(self._packing, data))
            return self._unpack.decompress(data, most)
        except zlib.error:
            self._break("its compressed answer is broken")
            return b""


def _bits(packing: str, first: bytes) -> int:
    """Some mean by "deflate" the naked stream, without the zlib wrapping (RFC 1950, 2.2) that RFC 9110 asks for."""
    wrapped = first[0] & 15 == zlib.DEFLATED and (first[0] << 8 | first[1]) % 31 == 0
    return zlib.MAX_WBITS | 32 if packing != "deflate" or wrapped or first[:2] == b"\x1f\x8b" else -zlib.MAX_WBITS
