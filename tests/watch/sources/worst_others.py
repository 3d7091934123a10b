"""The worst for what is no status page's dialect: a tracker's answers, and the HTML of a page that may name its feeds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial

from bot.watch.sources.dialects.base import CAP, understood
from bot.watch.sources.status_page import HEAD, feeds
from bot.watch.sources.trackers.downdetector import MOST_COMPANIES, _Company, rows_of
from bot.watch.sources.trackers.isitdownrightnow import CAP as FRAGMENT
from bot.watch.sources.trackers.isitdownrightnow import _decoded
from tests.watch.sources.worst import BAIT, NUMBERS, broken

Case = tuple[str, Callable[[], object]]
PAGE = "https://status.example.org/"


def downdetector() -> Iterator[Case]:
    made: dict[str, list[object]] = {
        "companies": [{"id": n, "status": "danger", "stats_60": 1, "baseline_current": 2} for n in range(15_000)],
        "one company": [{"id": 1, "status": "danger"}] * 30_000,
        "empty": [{}] * 260_000,
        "numbers": [0] * 340_000,
        "lists": [[]] * 260_000,
        "long": [{"id": n, "status": "x" * 1000, "stats_60": "9" * 1000} for n in range(500)],
        "wide": [{str(n): n for n in range(80_000)}],
        **{f"figures {n}": [{"id": one, "status": "danger", "stats_60": one}] * 9000 for n, one in enumerate(NUMBERS)},
    }
    for name, rows in made.items():
        yield name, partial(_companies, json.dumps(rows, separators=(",", ":")).encode()[:CAP])
    for name, body in broken():
        yield name, partial(_companies, body)


def _companies(body: bytes) -> object:
    try:
        return understood(list(rows_of(body)), _Company, MOST_COMPANIES)
    except (ValueError, RecursionError):
        return None


def isitdownrightnow() -> Iterator[Case]:
    lures = {
        **BAIT,
        "a tag": '<div class="',
        "a declaration": "<!",
        "marked": "<![",
        "instruction": "<?",
        "script": "<script>",
    }
    lures |= {
        "end": "</",
        "attributes": "<a b=",
        "quotes": "<a b='",
        "icons": '<a class="upicon downicon ">',
        "is UP": "is UP ",
    }
    for (name, text), before in itertools.product(lures.items(), ("", "<a ", "<!", "<div>", "<script>")):
        yield f"{name} after {before}", partial(_decoded, (before + text * FRAGMENT).encode()[:FRAGMENT])


def finding() -> Iterator[Case]:
    lures = {**BAIT, "link": "<link ", "links": '<link rel="alternate" type="application/rss+xml" href="a">'}
    lures |= {"attributes": 'a="b" ', "equals": "a=", "bare": "a ", "quotes": '="', "entities": 'href="&amp;&#65;" '}
    lures |= {
        "addresses": '<link rel="alternate" type="application/rss+xml" href="http://[">',
        "long names": "aaaaaaaaaaaaaaaaaaaaaaaa",
    }
    for name, text in lures.items():
        yield name, partial(feeds, (text * HEAD).encode()[:HEAD], PAGE)
        inside = (text * 2000)[:1990].replace("<", "").replace(">", "")
        yield f"{name} in links", partial(feeds, (f"<link {inside}>" * (HEAD // 1998)).encode(), PAGE)
        quoted = inside.replace('"', "")[:1800]
        wrapped = f'<link rel="alternate" type="application/rss+xml" href="{quoted}">'
        yield f"{name} in addresses", partial(feeds, (wrapped * (HEAD // len(wrapped))).encode(), PAGE)


OTHERS = {"downdetector": downdetector, "isitdownrightnow": isitdownrightnow, "finding": finding}
