"""Decoding pages: the charset by byte order mark, header, `<meta>` or XML declaration, if browsers know it."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

LOOKED_AT = 4096  # bytes of a page searched for its charset; browsers look at 1,024
DECLARED = re.compile(r"charset\s{0,20}=\s{0,20}[\"']?\s{0,20}([\w.:-]{1,40})", re.IGNORECASE)
META = re.compile(rb"<meta(?=[\s/])([^<>]{0,1000})>?", re.IGNORECASE)
OF_META = re.compile(rb"charset\s{0,20}=\s{0,20}[\"']?\s{0,20}([\w.:-]{1,40})", re.IGNORECASE)
XML = re.compile(rb"\s*<\?xml[^<>]{0,200}?encoding\s{0,20}=\s{0,20}[\"']([\w.:-]{1,40})", re.IGNORECASE)
MARKS = (  # UTF-32 first, as its marks begin like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = frozenset({"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})

# Python's codec -> labels (https://encoding.spec.whatwg.org/#names-and-labels, and a few of Python's).
# Only codecs of linear time; no "utf-7", no "punycode".
LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 utf-8-sig",
    "utf-16-le": "utf-16 utf-16le utf16 ucs-2 unicode unicodefeff csunicode iso-10646-ucs-2",
    "utf-16-be": "utf-16be unicodefffe",
    "utf-32-le": "utf-32 utf-32le utf32",
    "utf-32-be": "utf-32be",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i"
    " iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7"
    " iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i iso-ir-138 iso8859-8 iso88598"
    " iso_8859-8 iso_8859-8:1988 visual csiso88598i logical",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin-9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii us-ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591"
    " iso_8859-1 iso_8859-1:1987 l1 latin1 latin-1 windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5"
    " windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030 cp936",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950",
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp eucjp",
    "iso2022-jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949"
    " cp949 euckr",
}
CODECS = {label: codec for codec, labels in LABELS.items() for label in labels.split()}
GUESSED = "cp1252"  # without a declaration, if it is not UTF-8: as in Western browsers


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page's text. `sure` is False if its charset was guessed or does not fit: some letters may be wrong."""

    text: str
    sure: bool = True


def decoded(body: bytes, content_type: str = "") -> Decoded:
    """The text of a page, without its byte order mark."""
    for mark, marked in MARKS:
        if body.startswith(mark):
            return _text(body[len(mark) :], marked)
    codec = _of_header(content_type) or _of_page(body[:LOOKED_AT])
    if codec is not None:
        return _text(body, codec)
    plain = _utf8(body)
    return Decoded(body.decode(GUESSED, "replace"), sure=False) if plain is None else Decoded(plain)


@lru_cache(maxsize=1024)
def _of_header(content_type: str) -> str | None:
    """The codec named in the header; None for unknown labels."""
    found = DECLARED.search(content_type[:1000])
    return CODECS.get(found[1].lower()) if found else None


def _of_page(start: bytes) -> str | None:
    if start[:2] == b"<\0":
        return "utf-16-le"
    if start[:2] == b"\0<":
        return "utf-16-be"
    found = XML.match(start)
    codec = _codec(found[1]) if found else None
    if codec is None and b"<" in start:
        codec = _of_meta(_without_comments(start))
    # A declaration that could be read as ASCII is not in UTF-16.
    return "utf-8" if codec in WIDE else codec


def _of_meta(start: bytes) -> str | None:
    for tag in META.finditer(start):
        inside = tag[1].lower()
        if b"charset" not in inside or (b"content" in inside and b"http-equiv" not in inside):
            continue
        found = OF_META.search(inside)
        if found and (codec := _codec(found[1])):
            return codec
    return None


def _without_comments(start: bytes) -> bytes:
    if b"<!--" not in start:
        return start
    kept, at = [], 0
    while (begin := start.find(b"<!--", at)) >= 0:
        kept.append(start[at:begin])
        end = start.find(b"-->", begin + 4)
        if end < 0:
            return b"".join(kept)
        at = end + 3
    return b"".join([*kept, start[at:]])


def _codec(label: bytes) -> str | None:
    return CODECS.get(label.decode("ascii", "replace").lower())


def _text(body: bytes, codec: str) -> Decoded:
    if codec == "utf-8":
        plain = _utf8(body)
        return Decoded(body.decode("utf-8", "replace"), sure=False) if plain is None else Decoded(plain)
    if codec == "utf-16-le" and body[:1] == b"\0" and body[1:2] != b"\0":
        codec = "utf-16-be"
    text = body.decode(codec, "replace")
    # a cut page may end within a letter
    return Decoded(text, sure="\ufffd" not in text[:-2])


def _utf8(body: bytes) -> str | None:
    """The text, None if it is not UTF-8. A last letter cut in two is dropped."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.end == len(body):
            return body[: error.start].decode("utf-8")
        return None
