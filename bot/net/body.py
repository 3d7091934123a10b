"""The body of a response as it arrives: its chunks (RFC 9112, 7.1), and its decompression (RFC 9110, 8.4)."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Sequence
from typing import Protocol

import brotli

from bot.contracts import Cause
from bot.model import Reason, ReasonCode
from bot.net.errors import TroubleError

SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})(?![0-9A-Fa-f])")
LARGEST = 2**63 - 1
BROKEN = Reason.of(ReasonCode.HTTP_BROKEN)


if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

MOST_LAYERS = 3
MOST_MEMBERS = 1_000  # per body: a million empty ones would need as many decoders
MAGIC, SKIPPED = b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"  # how a zstd frame begins, and a skippable one (after 0x5?)
WINDOW = 23  # 2**23 bytes: the limit of RFC 9659 for zstd over HTTP
STEP = 64 * 1024  # bytes passed between two layers
WASTE = 4 * 1024 * 1024  # bytes of input before the body is cut: no honest compression grows the data
# Charsets and types given as a coding by mistake, and names of no coding: the body is left as it is.
PLAIN = frozenset({"identity", "none", "utf-8", "utf8", "iso-8859-1", "8bit", "7bit", "binary", "text", "text/html"})


class BrokenError(Exception):
    """The body is not compressed as declared."""


class Decoder(Protocol):
    """One layer of compression."""

    whole: bool  # whether its proper end came

    def feed(self, data: bytes, most: int) -> bytes:
        """Take data and return at most `most` bytes. Raise BrokenError."""


class Zlib:
    """gzip of any number of members, and deflate with or without its zlib wrapper."""

    def __init__(self, coding: str) -> None:
        self.whole = False
        self._deflate = coding == "deflate"
        self._tail = b""  # data not taken yet
        self._full = False  # whether it had more output than wanted
        self._unpack: zlib._Decompress | None = None
        self._members = 0

    def feed(self, data: bytes, most: int) -> bytes:
        out: list[bytes] = []
        data, self._tail = self._tail + data, b""
        try:
            while (data or self._full) and most > 0:
                unpack = self._unpack or self._begin(data)
                if unpack is None:
                    break
                piece = unpack.decompress(data, most)
                out.append(piece)
                most -= len(piece)
                self._full = not most and not unpack.eof
                if not unpack.eof:
                    self._tail = unpack.unconsumed_tail
                    break
                self.whole, data, self._unpack = True, unpack.unused_data, None
            else:
                self._tail = data
        except zlib.error:
            raise BrokenError from None
        return b"".join(out)

    def _begin(self, data: bytes) -> zlib._Decompress | None:
        """A decoder for the next member; None if none has begun. Other data after the last member is ignored."""
        if len(data) < 2:
            self._tail = data
            return None
        wrapped = data[0] & 15 == zlib.DEFLATED and (data[0] << 8 | data[1]) % 31 == 0
        gzipped = data[:2] == b"\x1f\x8b"
        if self._members and not gzipped:
            return None
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise BrokenError
        naked = self._deflate and not wrapped and not gzipped
        self._unpack = zlib.decompressobj(-zlib.MAX_WBITS if naked else zlib.MAX_WBITS | 32)
        self.whole = False
        return self._unpack


class Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        self.whole = False
        self._unpack = brotli.Decompressor()
        self._tail = b""

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        self._tail += data
        if self.whole:
            self._tail = b""  # junk after the end
        try:
            while len(out) < most and not self.whole:
                if self._unpack.can_accept_more_data():
                    if not self._tail:
                        break
                    data, self._tail = self._tail, b""
                else:
                    data = b""
                out += self._unpack.process(data, output_buffer_limit=most - len(out))
                self.whole = self._unpack.is_finished()
        except brotli.error:
            raise BrokenError from None
        return bytes(out[:most])


class Zstd:
    """zstd (RFC 8878) of any number of frames."""

    def __init__(self) -> None:
        self.whole = False
        self._unpack: ZstdDecompressor | None = None
        self._tail = b""
        self._frames = 0

    def feed(self, data: bytes, most: int) -> bytes:
        out: list[bytes] = []
        data, self._tail = self._tail + data, b""
        try:
            while most > 0:
                unpack = self._unpack or self._begin(data)
                if unpack is None:
                    break
                piece = unpack.decompress(data, most)
                data = b""
                out.append(piece)
                most -= len(piece)
                if unpack.eof:
                    self.whole, data, self._unpack = True, unpack.unused_data, None
                elif unpack.needs_input or not piece:
                    break
            else:
                self._tail = data
        except ZstdError:
            raise BrokenError from None
        return b"".join(out)

    def _begin(self, data: bytes) -> ZstdDecompressor | None:
        """A decoder for the next frame; None if none has begun. Other data after the last frame is ignored."""
        if len(data) < 4 and (not self._frames or data):
            self._tail = data
            return None
        if self._frames and not (data[:4] == MAGIC or (data[1:4] == SKIPPED and data[0] >> 4 == 5)):
            return None
        self._frames += 1
        if self._frames > MOST_MEMBERS:
            raise BrokenError
        self.whole = False
        self._unpack = ZstdDecompressor(options={DecompressionParameter.window_log_max: WINDOW})
        return self._unpack


def decoders(codings: Sequence[str]) -> list[Decoder] | None:
    """The decoders for these codings, in the order they are fed; None if one is unknown."""
    found: list[Decoder] = []
    for coding in reversed(codings):
        match coding:
            case "gzip" | "x-gzip" | "deflate":
                found.append(Zlib(coding))
            case "br":
                found.append(Brotli())
            case "zstd":
                found.append(Zstd())
            case plain if plain in PLAIN:
                pass
            case _:
                return None
    return found if len(found) <= MOST_LAYERS else None


class Unpacker:
    """All layers of one body."""

    def __init__(self, layers: list[Decoder]) -> None:
        self._layers = layers
        self._taken = 0

    def feed(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes of the body. Raise BrokenError."""
        self._taken += len(data)
        if self._taken > WASTE:
            raise BrokenError
        return self._through(0, data, most)

    @property
    def whole(self) -> bool:
        """Whether it has come to its end, or not begun."""
        return not self._taken or all(layer.whole for layer in self._layers)

    def _through(self, layer: int, data: bytes, most: int) -> bytes:
        decoder = self._layers[layer]
        if layer == len(self._layers) - 1:
            return decoder.feed(data, most)
        out = bytearray()
        while len(out) < most:
            between = decoder.feed(data, STEP)
            self._taken += len(between)
            if self._taken > WASTE:
                raise BrokenError
            out += self._through(layer + 1, between, most - len(out))
            data = b""
            if len(between) < STEP:
                break
        return bytes(out)


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
