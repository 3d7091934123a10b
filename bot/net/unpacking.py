"""Decompressing bodies (RFC 9110, 8.4) as they arrive, and never further than wanted."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from typing import Protocol

import brotli

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
