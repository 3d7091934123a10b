"""A mebibyte of the worst, made by grammar: for each dialect what its own fields allow, and what breaks any parser."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from bot.watch.sources.dialects.base import CAP, Dialect
from bot.watch.sources.dialects.known import DIALECTS

BAIT = {
    "hyphens": "-aa",
    "comments": "<!--",
    "comments closed": "<!-- -->",
    "ampersands": "&",
    "numbers": "&#",
    "tags": "<a",
    "brackets": "<",
    "tag": "<b>",
    "small": "<small>Nov 1, 10:00 UTC",
    "labels": "<b>Update</b>",
    "dates": "<p>Nov 20, 10:00 UTC</p>",
    "issue": "issue is ",
    "scheduled": "scheduled ",
    "resolved": "it was ",
    "listed": "Affected components<li>a (b",
    "bracket": "[",
    "spaces": " ",
    "blank lines": "\n",
    "digits": "9",
    "words": "status ",
    "window": "SCHEDULED EVENT ",
    "accents": "é",
    "kana": "解決",
    "stars": "**",
    "line": "Summary:\n",
    "sentences": "service wieder normal fixed ",
    "hours": "scheduled event 1:00 am ",
    "kana with stages": "障害は解決",
}
NUMBERS: tuple[Any, ...] = (
    float("nan"),
    float("inf"),
    1e300,
    -1e300,
    -1,
    0,
    10**399,
    -(10**399),
    1.5,
    True,
    False,
    "9" * 400,
)
ITEM = {  # every field that a dialect reads of anything that is listed
    "id": 1,
    "_id": "1",
    "name": "a",
    "title": "a",
    "status": "degraded_performance",
    "state": 1,
    "impact": "minor",
    "type": "incident",
    "component_id": "1",
    "status_code": 300,
    "status_page_resource_id": 1,
    "public_name": "a",
    "scheduled_for": "2026-11-25T00:00:00Z",
    "starts_at": "2026-11-20T00:00:00Z",
    "external_desc": "a",
    "summary": "a",
    "service": "ec2-us-east-1",
    "service_name": "EC2",
    "date": "1795000000",
}


def _filled(item: dict[str, Any], size: int) -> list[dict[str, Any]]:
    return [item] * max(1, size // (_length(item) + 2))


def _numbered(item: dict[str, Any], size: int) -> list[dict[str, Any]]:
    return [item | {"id": n, "name": f"n{n}"} for n in range(max(1, size // (_length(item) + 8)))]


def _nested(lists: list[str], size: int) -> list[dict[str, Any]]:
    """Few things, each with very much under it."""
    under = _numbered(ITEM, size // 40)
    return [ITEM | dict.fromkeys(lists, under)] * max(1, 36 // max(1, len(lists)))


def _deep(name: str, levels: int = 150) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for _ in range(levels):
        made = [ITEM | {name: made}, *([ITEM] * 10)]
    return made


LISTS = ["components", "children", "containers", "affected_components", "component_impacts", "components_affected"]
LISTS += [
    "containers_affected",
    "messages",
    "updates",
    "service_ids",
    "affected_resources",
    "services",
    "affected_products",
]
ROOTS: dict[str, list[tuple[str, ...]]] = {
    "statuspage": [("components",), ("incidents",), ("scheduled_maintenances",), ("components", "incidents"), ("components", "scheduled_maintenances")],
    "incidentio": [("components",), ("ongoing_incidents",), ("components", "ongoing_incidents"), ("affected_components", "scheduled_maintenances")],
    "instatus": [("components",), ("activeIncidents",), ("components", "activeIncidents"), ("activeMaintenances",)],
    "betterstack": [("included",)],
    "statusio": [("status",), ("incidents",), ("status", "incidents")],
    "cachet": [("data",)],
    "uptimekuma": [("incidents",), ("maintenanceList",)],
    "statuspal": [("services",), ("incidents",), ("services", "incidents"), ("services", "maintenances")],
    "slack": [("active_incidents",)],
    "aws": [("",)],
    "googlecloud": [("",)],
}  # fmt: skip


TWICE = {"incidentio"}  # their lists may stand in either of two places


def _page(kind: str, lists: dict[str, Any]) -> Any:
    """A page that is understood, with these lists in it."""
    empty: dict[str, Any] = {"components": [], "ongoing_incidents": [], "incidents": []}
    found = {
        "statuspage": {"page": {}, "status": {"indicator": "major", "description": "x"}} | empty,
        "incidentio": {"summary": empty | lists, "status": {"indicator": "minor"}} | empty,
        "instatus": {"page": {"status": "HASISSUES"}},
        "betterstack": {"data": {"attributes": {"aggregate_state": "downtime"}}},
        "statusio": {"result": {"status_overall": {"status": "x", "status_code": 300}} | lists},
        "uptimekuma": {"publicGroupList": [{"monitorList": [ITEM]}], "heartbeatList": {"1": [{"status": 0}]}},
        "statuspal": {"status_page": {"current_incident_type": "minor"}},
        "slack": {"status": "active"},
    }.get(kind, {})
    return lists[""] if "" in lists else found if kind == "statusio" else found | lists


def of_json(kind: str, every: int = 1) -> Iterator[tuple[str, bytes]]:
    turn = itertools.count()
    for roots in ROOTS[kind]:
        share = (CAP - 2000) // len(roots) // (2 if kind in TWICE else 1)
        for name, made in {
            "same": partial(_filled, ITEM, share),
            "own": partial(_numbered, ITEM, share),
            "empty": lambda share=share: [{}] * (share // 3),
            "numbers": lambda share=share: [0] * (share // 2),
            "lists": lambda share=share: [[]] * (share // 3),
            "nested": partial(_nested, LISTS, share),
            **{f"nested {one}": partial(_nested, [one], share) for one in LISTS},
            "deep": lambda share=share: _deep("children", 150 * share // CAP),
        }.items():
            if next(turn) % every:
                continue
            yield f"{'+'.join(roots)}: {name}", _encoded(kind, dict.fromkeys(roots, made()))
        for name, text in {**BAIT, "long": "x"}.items():
            for length in (2000, share):
                if next(turn) % every:
                    continue
                item = _lured(text, length, share)
                yield f"{'+'.join(roots)}: {name} {length}", _encoded(kind, dict.fromkeys(roots, _filled(item, share)))
    for name, body in broken():
        yield name, body


def _lured(text: str, length: int, share: int) -> dict[str, Any]:
    """An item of that text: in each field where it is short; else in the title, and as long as there is room."""
    lure = (text * (length // len(text) + 1))[:length]
    if length < share:
        return ITEM | dict.fromkeys((one for one in ITEM if isinstance(ITEM[one], str)), lure)
    item = ITEM | {"title": lure, "service": (lure + "x")[-20_000:], "external_desc": lure[: length // 4]}
    room = length * share // _length(item) - 100
    return item | {
        "title": lure[: room // 2],
        "external_desc": lure[: room // 4],
        "service": (lure + "x")[-room // 60 :],
    }


def _length(item: object) -> int:
    return len(json.dumps(item, ensure_ascii=False).encode())


def _encoded(kind: str, lists: dict[str, Any]) -> bytes:
    """The page in no more than a mebibyte: cut off in its midst it would only be no JSON."""
    while len(body := json.dumps(_page(kind, lists), separators=(",", ":"), ensure_ascii=False).encode()) > CAP:
        lists = {name: listed[: len(listed) * CAP // len(body) - 1] for name, listed in lists.items()}
    assert all(lists.values())
    return body


def broken() -> Iterator[tuple[str, bytes]]:
    yield "deep lists", b"[" * (CAP - 1)
    yield "deep objects", b'{"a":' * (CAP // 5)
    yield "a long number", b'{"status":' + b"9" * 900_000 + b"}"
    yield "long numbers", b"[" + b",".join([b"9" * 4000] * 250) + b"]"
    yield "a long exponent", b'{"status":1e' + b"9" * 900_000 + b"}"
    yield "exponents", b"[" + b",".join([b"1e999999"] * 100_000) + b"]"
    yield "escapes", b'{"status":"' + rb"\ud800" * 170_000 + b'"}'
    yield "keys", b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}"
    yield "nothing", b" " * CAP


def of_kuma() -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    beats = ('{"heartbeatList":{"1":[' + ("0," * 500_000)[:-1] + "]}}").encode()
    more = ('{"heartbeatList":{"1":[' + ('{"status":0},' * 75_000)[:-1] + "]}}").encode()
    many = json.dumps({"heartbeatList": {str(n): [{"status": 0}] for n in range(30_000)}}).encode()
    assert len(many) <= CAP
    for monitor in ('{"id":1,"name":"a"},', "{},", '{"id":[[[[]]]],"name":"a"},'):
        page = ('{"publicGroupList":[{"monitorList":[' + (monitor * (1_000_000 // len(monitor)))[:-1] + "]}]}").encode()
        for name, said in (("zeros", beats), ("beats", more), ("lists", many)):
            yield f"{name} of {monitor}", (page, said)
    own = json.dumps({"publicGroupList": [{"monitorList": [{"id": n, "name": "a"} for n in range(35_000)]}]}).encode()
    yield "own", (own, many)


def of_betterstack() -> Iterator[tuple[str, bytes]]:
    affected = [{"status_page_resource_id": n, "status": "downtime"} for n in range(3000)]
    update = {"id": 1, "type": "status_update", "attributes": {"affected_resources": affected}}
    refers = {"status_updates": {"data": [{"id": 1}] * 300}}
    resources = [{"id": n, "type": "status_page_resource", "attributes": {"public_name": f"n{n}"}} for n in range(3000)]
    report = {
        "type": "status_report",
        "attributes": {"title": "t", "aggregate_state": "degraded"},
        "relationships": refers,
    }
    reports = [report | {"id": n} for n in range(120)]
    listed = [update, *resources, *reports]
    yield "reports of one update", _encoded("betterstack", {"included": listed})
    attributes = [one | {"attributes": one["attributes"] | {"aggregate_state": "downtime"}} for one in listed]
    yield "a list", json.dumps({"data": attributes}, separators=(",", ":")).encode()


def of_xml(every: int = 1) -> Iterator[tuple[str, bytes]]:
    turn = itertools.count()

    def feed(inside: str, before: str = "") -> bytes:
        return f"{before}<rss><channel>{inside}</channel></rss>".encode()

    room = CAP - 500
    for depth in (50, 100, 300, 3000):
        inner = "<a/>" * ((room - depth * 20) // 4)
        yield f"entries nested {depth}", feed("<item><b>" * depth + inner + "</b></item>" * depth)
    yield "elements", feed("<item><title>x</title>" + "<a/>" * (room // 4 - 20) + "</item>")
    yield "attributes", feed("<item><title " + " ".join(f'a{n}=""' for n in range(90_000)) + "/></item>")
    yield "attributes alike", feed("<item><title " + 'a="" ' * 190_000 + "/></item>")
    yield "empty entries", feed("<item/>" * (room // 7))
    yield "entries alike", feed("<item><title>t</title></item>" * (room // 30))
    yield "entries unclosed", feed("<item><title>t</title>" * (room // 23))
    yield "deep", feed("<item><title>" + "<a>" * (room // 7) + "</a>" * (room // 7) + "</title></item>")
    yield "categories", feed("<item><title>t</title>" + "<category>resolved</category>" * (room // 30) + "</item>")
    yield "sections", feed("<item><title>t" + "<![CDATA[]]>" * (room // 12 - 5) + "</title></item>")
    yield "comments before", feed("", "<!-- -->" * (room // 8 - 50))
    yield "spaces before", feed("", " " * (room - 50))
    yield "a doctype", f"<!DOCTYPE {'a ' * (room // 2 - 50)}><rss><channel/></rss>".encode()
    yield "a processing instruction", feed("", "<?" + "?" * (room - 100))
    yield "references", feed("<item><title>" + "&rsquo;" * (room // 7 - 20) + "</title></item>")
    yield "instants", feed(f"<item><title>t</title><pubDate>{'Nov 20 ' * (room // 7 - 20)}</pubDate></item>")
    yield "digits", feed(f"<item><title>t</title><pubDate>{'9' * (room - 99)}</pubDate></item>")
    for (name, text), where, parts in itertools.product(BAIT.items(), ("title", "description"), (1, 10, 200, 1000)):
        if next(turn) % every:
            continue
        size = room // parts - 120
        lure = (text * (size // len(text.encode()) + 1)).encode()[:size].decode(errors="ignore")
        date = "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>"
        if "<" in text or "&" in text:
            plain = f"<item>{date}<{where}><![CDATA[{lure}]]></{where}></item>"
            yield (
                f"{name} bare in {where} x {parts}",
                feed(f"<item>{date}<{where}>{lure}</{where}></item>" * parts)[:CAP],
            )
        else:
            plain = f"<item>{date}<{where}>{lure}</{where}></item>"
        yield f"{name} in {where} x {parts}", feed(plain * parts)


def cases(only: str = "", every: int = 1) -> Iterator[tuple[Dialect, str, tuple[bytes, ...]]]:
    """Each dialect with all of its cases, the same bytes for each of its addresses."""
    for dialect in DIALECTS:
        kind = dialect.kind.partition(" ")[0]
        if only and only != dialect.kind:
            continue
        if kind in ROOTS:
            yield from ((dialect, name, (body,) * 3) for name, body in of_json(kind, every))
        elif kind == "rss":
            yield from ((dialect, name, (body,)) for name, body in of_xml(every))
        if kind == "uptimekuma":
            yield from ((dialect, name, bodies) for name, bodies in of_kuma())
        if kind == "betterstack":
            yield from ((dialect, name, (body,)) for name, body in of_betterstack())
