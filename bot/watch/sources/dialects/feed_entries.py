"""The entries of an RSS or Atom feed, read leniently: a bad reference, character or entry costs that entry at most.

Formats: RSS 2.0 (rssboard.org), RSS 1.0, Atom (RFC 4287). Namespaces of names are ignored, as feeds often get them wrong.
Own entities and deep nesting are refused: they serve to make XML explode.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from html.entities import html5
from xml.parsers import expat

from bot.watch.sources.dialects import dates

MOST = 1000  # entries: half of them first, half last, since either may be the newest
LONGEST = 100_000  # characters of a field
SHORT = 2000  # ... and of a one-line field
DEEPEST = 100
ELEMENTS = 50_000
_BEFORE = 100  # comments and the like before the first element
REFERENCES = 150_000
SECTIONS = 50_000  # and comments
BODIES = frozenset({"encoded", "content", "description", "summary"})
_ENTRIES = frozenset({"item", "entry"})
_CODECS = frozenset(  # encodings that a feed may declare
    [
        "utf-8",
        "utf-16",
        "iso8859-1",
        "iso8859-2",
        "iso8859-5",
        "iso8859-7",
        "iso8859-9",
        "iso8859-15",
        "koi8-r",
        "koi8-u",
    ]
    + [f"cp{number}" for number in range(1250, 1259)]
    + ["shift_jis", "cp932", "euc_jp", "gb2312", "gbk", "gb18030", "big5", "euc_kr", "cp949"]
)
_DECLARED = re.compile(rb"""^\s{0,100}<\?xml[^<>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,30})["']""")
_ROOT = re.compile(r"<(?:[\w.-]{1,30}:)?(rss|RDF|feed)[\s>/]")
_SPACE = re.compile("[\\s\ufeff]*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Those of XML itself, of which most feeds are full, are left alone.
_REFERENCE = re.compile(
    r"&(?!(?:lt|gt|amp|quot|apos);)(?:#(\d{1,7});|#[xX]([0-9a-fA-F]{1,6});|([a-zA-Z][a-zA-Z0-9]{1,31});)?"
)
_BEGIN = re.compile(r"<(?:[\w.-]{1,30}:)?(?:item|entry)(?=[\s>])[^<>]{0,2000}>")
_END = re.compile(r"</(?:[\w.-]{1,30}:)?(?:item|entry)\s{0,9}>")
_HEADER_LINK = re.compile(r"<link[^<>]{0,500}>([^<>]{1,500})</link>")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. `key`: its `guid` or `id`. `body`: the longest of its texts, in HTML.

    `roughly`: its last change to within a day, if its dates have no zone or hour, or from its neighbours.
    """

    title: str
    link: str = ""
    key: str = ""
    body: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    roughly: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """When it last changed; None if unknown."""
        return max((at for at in (self.published, self.updated) if at), default=None)


@dataclass(frozen=True, slots=True)
class Feed:
    home: str
    entries: tuple[Entry, ...]


def read(body: bytes) -> Feed:
    """Parse a feed. Raise ValueError if it is none, or declares entities, which serve to make XML explode."""
    channel, found = elements(body)
    return Feed(channel.link, tuple(entry for one in found if (entry := _entry(one)).title or entry.body))


def _entry(element: Element) -> Entry:
    texts = element.fields
    first, last = _first(texts, "pubDate", "published", "issued", "date"), _first(texts, "updated", "modified")
    bodies = (texts.get(name, "") for name in ("encoded", "content", "description", "summary"))
    published, updated = dates.date(first), dates.date(last)
    known = published or updated
    return Entry(
        _first(texts, "title"),
        element.link,
        _first(texts, "guid", "id"),
        max(bodies, key=len),
        published,
        updated,
        tuple(element.categories),
        None if known else dates.about(last) or dates.about(first),
    )


def _first(texts: dict[str, str], *names: str) -> str:
    return next((texts[name] for name in names if texts.get(name)), "")


@dataclass(slots=True)
class Element:
    """An entry or the channel: the first field of each name."""

    fields: dict[str, str] = field(default_factory=dict)
    categories: list[str] = field(default_factory=list)
    link: str = ""


def elements(body: bytes) -> tuple[Element, list[Element]]:
    """The channel and its entries. Raise ValueError if it is no feed."""
    text = _root_of(_CONTROL.sub("", _decoded(body)))
    if text.count("&") > REFERENCES:
        raise ValueError("too many references")
    if text.count("<!") > SECTIONS:
        raise ValueError("too many comments")
    repaired = _repaired(text, keep=True)
    reader = _Reader()
    try:
        reader.parse(repaired)
    except expat.ExpatError:
        return _piece_by_piece(_repaired(text, keep=False))
    if reader.channel is None:
        raise ValueError("a feed without its channel")
    return reader.channel, [*reader.first, *reader.last]


def _decoded(body: bytes) -> str:
    """Decode a body: as UTF-8 if it is valid, whatever it declares."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    for begins, name in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if body.startswith(begins):
            return body.decode(name, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode(_declared(body), "replace")


def _declared(body: bytes) -> str:
    said = _DECLARED.match(body[:1000])
    try:
        name = codecs.lookup(said[1].decode()).name if said else "utf-8"
    except LookupError:
        return "utf-8"
    return name if name in _CODECS and name != "utf-16" else "utf-8"


def _root_of(text: str) -> str:
    """The text from its first element on. Raise ValueError if that is not a feed's, or if there are own declarations."""
    at, closes = 0, {"<?": "?>", "<!--": "-->", "<!DOCTYPE": ">"}
    for _ in range(_BEFORE):
        at = _space_ends(text, at)
        begins = next((one for one in closes if text.startswith(one, at)), None)
        if begins is None:
            break
        ends = text.find(closes[begins], at + len(begins))
        if ends < 0 or (begins == "<!DOCTYPE" and "[" in text[at:ends]):
            raise ValueError("declarations of its own")
        at = ends + len(closes[begins])
    if _ROOT.match(text, at) is None:
        raise ValueError("no feed")
    return text[at:]


def _space_ends(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _repaired(text: str, *, keep: bool) -> str:
    """Replace unknown references and remove comments. Plain-text sections stay if `keep`, else they are escaped."""
    made, at = [], 0
    while (begins := text.find("<!", at)) >= 0:
        made.append(_REFERENCE.sub(_reference, text[at:begins]))
        opens, closes = ("<![CDATA[", "]]>") if text.startswith("<![CDATA[", begins) else ("<!--", "-->")
        ends = text.find(closes, begins + len(opens)) if text.startswith(opens, begins) else -1
        if ends < 0:
            raise ValueError("no XML: a declaration, or an end is missing")
        at = ends + len(closes)
        if opens == "<![CDATA[":
            inner = text[begins + len(opens) : ends]
            plain = inner.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            made.append(text[begins:at] if keep else plain)
    made.append(_REFERENCE.sub(_reference, text[at:]))
    return "".join(made)


def _reference(match: re.Match[str]) -> str:
    """The character that an HTML reference means, escaped text for an unknown one."""
    decimal, hexadecimal, name = match.groups()
    if name:
        meant = html5.get(f"{name};", "")
        return meant if meant and meant not in "<>&" else f"&amp;{match[0][1:]}"
    if decimal or hexadecimal:
        number = int(decimal) if decimal else int(hexadecimal, 16)
        right = number <= 0x10FFFF and not _CONTROL.match(chr(number))
        return f"&#{number};" if right else ""
    return f"&amp;{match[0][1:]}"


def _piece_by_piece(text: str) -> tuple[Element, list[Element]]:
    """Read entry by entry, skipping broken ones. Raise ValueError if all are broken, or the end is missing."""
    if (root := _ROOT.match(text)) is None:
        raise ValueError("no XML: its root is missing")
    ends = deque(re.finditer(rf"</(?:[\w.-]{{1,30}}:)?{root[1]}\s{{0,99}}>", text), maxlen=1)
    if not ends:
        raise ValueError("no XML: its end is missing")
    text = text[: ends[0].end()]  # text behind the end belongs to no feed
    begins = [match.start() for match in _BEGIN.finditer(text)]
    chosen = begins if len(begins) <= MOST else [*begins[: MOST // 2], *begins[-MOST // 2 :]]
    following = dict(zip(begins, [*begins[1:], len(text)], strict=True))
    found, left = [], ELEMENTS // 2
    for at in chosen:
        piece, left = _piece(text[at : following[at]], left)
        found += [piece] if piece else []
    if not found:
        raise ValueError("no XML: none of its entries can be elements")
    header = _HEADER_LINK.search(text[: begins[0]])
    return Element(link=header[1].strip() if header else ""), found


def _piece(text: str, elements: int) -> tuple[Element | None, int]:
    """The entry, None if it is broken; and how many elements may still follow."""
    end = _END.search(text)
    reader = _Reader(elements)
    try:
        reader.parse(f"<feed>{text[: end.end()]}</feed>" if end else "")
    except (expat.ExpatError, ValueError):
        return None, reader.left
    return (reader.first[0] if reader.first else None), reader.left


class _Reader:
    """Collects the fields of the channel and its entries; only direct children of the channel count as entries."""

    def __init__(self, elements: int = ELEMENTS) -> None:
        self.left = elements
        self.channel: Element | None = None
        self.first: list[Element] = []
        self.last: deque[Element] = deque(maxlen=MOST // 2)
        self._rdf = False
        self._depth = 0
        self._inside = 0  # depth of the channel; 0: not begun
        self._entry: Element | None = None
        self._above = 0  # depth of the element whose fields are elements
        self._name = ""  # of the current field; empty: none
        self._text: list[str] = []
        self._room = 0
        self._href = ""

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate()  # names with their prefixes, which are often wrong
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartElementHandler = self._starts
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self._says
        parser.Parse(text.encode(), True)  # in one piece: a long token in many pieces takes quadratic time

    def _starts(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.left -= 1
        if self._depth > DEEPEST or self.left < 0:
            raise ValueError("too deep, or too much of it")
        name = name.rpartition(":")[2]
        if self._name:
            self._add(f"<{name}>")
        elif self._depth == 1:
            self._rdf = name == "RDF"
            if name == "feed":
                self._open(Element(), channel=True)
        elif name == "channel" and self._depth == 2 and self.channel is None:
            self._open(Element(), channel=True)
        elif name in _ENTRIES and self._depth == (2 if self._rdf else self._inside + 1) and (self._rdf or self._inside):
            self._open(Element(), channel=False)
        elif self._depth == self._above + 1 and self._above:
            self._name, self._text = name, [attributes.get("term", "")] if name == "category" else []
            self._room = LONGEST if name in BODIES else SHORT
            self._href = attributes.get("href", "") if attributes.get("rel", "alternate") == "alternate" else "-"

    def _open(self, element: Element, *, channel: bool) -> None:
        self._above = self._depth
        if channel:
            self.channel, self._inside = element, self._depth
            return
        self._entry = element
        (self.first if len(self.first) < MOST // 2 else self.last).append(element)

    def _ends(self, name: str) -> None:
        if self._name and self._depth == self._above + 1:
            self._close_field()
        elif self._name:
            self._add(f"</{name.rpartition(':')[2]}>")
        elif self._depth == self._above:
            self._entry = None
            self._above = self._inside if self._depth != self._inside else 0
        self._depth -= 1

    def _says(self, text: str) -> None:
        if self._name:
            self._add(text)

    def _add(self, text: str) -> None:
        if self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def _close_field(self) -> None:
        holder, text = self._entry or self.channel, "".join(self._text).strip()
        if holder is None:
            return
        if self._name == "link" and self._href != "-":
            holder.link = holder.link or text or self._href.strip()
        elif self._name == "category" and len(holder.categories) < 20:
            holder.categories.append(text)
        else:
            holder.fields.setdefault(self._name, text)
        self._name = ""
