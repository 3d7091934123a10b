"""What was once read wrong of status pages, and each of its kind: orders, languages, dates, markup, broken and hostile pages."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import escape
from itertools import product

import pytest

from bot.contracts import SourceState
from bot.model import Health
from bot.net import Network
from bot.offload.pool import SMALL, OverranError
from bot.watch.sources import OfficialPage, status_page
from bot.watch.sources.dialects import known, statuspage
from bot.watch.sources.dialects.base import CAP, Asked, clean
from bot.watch.sources.dialects.dates import about, date, instant
from bot.watch.sources.dialects.feed import ATOM, FORGOTTEN, RSS
from bot.watch.sources.dialects.feed_entries import read as entries
from bot.watch.sources.dialects.feed_stage import Stage, said, stage
from bot.watch.sources.status_page import feeds as named_feeds
from bot.watch.sources.trackers.isitdownrightnow import understood
from tests.amount import some
from tests.cpu import allowed, cpu
from tests.fakes.site import Site, page
from tests.watch.sources import fuzz, worst
from tests.watch.sources.dialects.feeds import GITHUB_ATOM, GITHUB_RSS, item, read, rss, utc
from tests.watch.sources.dialects.pages import DATA, NOW, github, incident, load, told
from tests.watch.sources.dialects.pages import said as says_statuspage
from tests.watch.sources.dialects.vendors import FILES, SPOKEN, made, shaped, url
from tests.watch.sources.worst_others import OTHERS

MOMENT = utc(2026, 11, 20, 12)
hardened = pytest.mark.hardened


def feed(name):
    return (DATA / f"feed-{name}-shape.rss").read_bytes()


# ── nothing takes long ───────────────────────────────────────────────────────────────────────────────────────────────


CASES = (*worst.ROOTS, "rss")
NO_PAGES = {name for name, _ in worst.broken()}
LONGEST = 0.25  # seconds of CPU


@hardened("A4", "a mebibyte of the worst a page can send, in each dialect", "parsed in a moment, or refused")
@pytest.mark.parametrize("kind", CASES)
def test_a_mebibyte_of_the_worst_is_a_whole_page_and_read_in_a_moment(kind, saw):
    """One case in twenty-nine: all of them take minutes. Each is a whole page: one that is cut off in its midst is no JSON,
    and shows nothing of what its dialect does.
    """
    slowest, name = 0.0, ""
    for dialect, what, bodies in worst.cases(kind, every=29):
        assert len(bodies[0]) <= CAP, what
        assert kind == "rss" or what in NO_PAGES or json.loads(bodies[0]), what
        taken = cpu(
            lambda dialect=dialect, bodies=bodies: told(dialect, *bodies, components=("a", "n5", "x")), enough=LONGEST
        )
        slowest, name = max((slowest, name), (taken, what))
    assert slowest < allowed(LONGEST, slowest), name
    saw(f"{kind}: {slowest:.2f} s of CPU at most")


@hardened("A4", "the worst answers of trackers, and a page's HTML that may name feeds", "read in a moment, or refused")
@pytest.mark.parametrize("kind", OTHERS)
def test_the_worst_that_is_no_status_page_is_read_in_a_moment(kind, saw):
    slowest, name = max((cpu(work, enough=LONGEST), what) for what, work in OTHERS[kind]())
    assert slowest < allowed(LONGEST, slowest), name
    saw(f"{kind}: {slowest:.2f} s of CPU at most")


@hardened(
    "A4", "damaged copies of every recorded page, in every dialect", "silence or a part of the truth, in a moment"
)
def test_no_damage_to_any_page_raises_holds_or_invents(saw):
    """A slice: `python -m tests.watch.sources.fuzz` does 200 of each."""
    ends, examples = fuzz.run(3, seed=7)
    assert set(ends) == {"silence", "understood"}, {end: examples[end][:2] for end in ends}
    saw(f"{sum(ends.values())} readings: nothing raised, nothing called down that was well")


NESTED = "<rss><channel>" + "<item><b>" * 100 + "<a/>" * 240_000 + "</b></item>" * 100 + "</channel></rss>"
FROZE = {
    "uptimekuma": (
        b'{"publicGroupList":[{"monitorList":[' + b",".join([b'{"id":1,"name":"a"}'] * 2000) + b"]}]}",
        b'{"heartbeatList":{"1":[' + b",".join([b"0"] * 500_000) + b"]}}",
    ),
    "rss": (NESTED.encode(),),
    "aws": (json.dumps([{"summary": "x", "service": "-aa" * 20000, "service_name": "n", "status": "3"}]).encode(),),
    "statuspage": (
        json.dumps(
            github() | {"components": [{"name": "<!--" * 1000 + str(n), "status": "major_outage"} for n in range(240)]}
        ).encode(),
    ),
    "incidentio": (
        json.dumps(
            {
                "summary": {
                    "components": [{"id": str(n), "name": f"n{n}"} for n in range(12_000)],
                    "ongoing_incidents": [
                        {"name": "i", "status": "x", "affected_components": [{"name": "zz"}]} for _ in range(6000)
                    ],
                }
            }
        ).encode(),
    ),
}


@hardened("A4", "the five pages that held the loop for minutes", "a moment each")
@pytest.mark.parametrize("kind", FROZE)
def test_what_froze_the_daemon_is_read_in_a_moment(kind, saw):
    dialect = next(one for one in known.DIALECTS if one.kind == kind)
    taken = cpu(lambda: told(dialect, *FROZE[kind]), enough=LONGEST)
    assert taken < allowed(LONGEST, taken)
    saw(f"{taken:.2f} s")


@hardened("A4", "12,000 components and 6,000 incidents or maintenances", "a moment, with the newest of each")
def test_parts_and_events_are_not_multiplied():
    part = {"name": "c", "status": "operational"}
    event = {"name": "i", "status": "x", "impact": "minor", "components": [{"name": "zz", "status": "x"}]}
    found = github() | {"components": [part | {"name": f"c{n}"} for n in range(12_000)]}
    for lists in (
        {"incidents": [event] * 6000},
        {"scheduled_maintenances": [event | {"scheduled_for": "2026-11-25"}] * 6000},
    ):
        body = json.dumps(found | lists).encode()
        taken = cpu(lambda body=body: told(statuspage.DIALECT, body, components=("c1",)), enough=LONGEST)
        assert taken < allowed(LONGEST, taken)


@pytest.mark.parametrize("bait", worst.BAIT.values(), ids=worst.BAIT)
def test_texts_links_names_and_fragments_are_linear(bait):
    lure = bait * (200_000 // len(bait))
    tags = f'<link rel="alternate" type="application/rss+xml" href="{bait * 300}">' * 40
    for work in (
        lambda: clean(lure),
        lambda: named_feeds((f"<link {bait * 500}>" * 200 + lure + tags).encode(), "https://a.example/"),
        lambda: understood((lure[:16000]).replace("<", "< ")),
        lambda: understood("<a " + lure[:16000]),
        lambda: [date(lure), about(lure), instant(lure)],
    ):
        taken = cpu(work, enough=LONGEST)
        assert taken < allowed(LONGEST, taken)


async def test_a_hostile_page_is_silence_said_once_and_others_are_read(caplog, monkeypatch):
    async def overruns(*_args, **_more):
        raise OverranError("it takes longer than 2 s")

    body = json.dumps(github(incident()) | {"padding": "x" * SMALL}).encode()
    async with Network() as net, Site(page(404)) as site:
        site.paths["/api/v2/summary.json"] = page(200, body)
        source, memory = OfficialPage(kind="statuspage", url=site.url()), SourceState()
        with monkeypatch.context() as patched:
            patched.setattr(status_page, "offload", overruns)
            for n in range(3):
                assert (await source.read(net, NOW + n * timedelta(minutes=2), memory)).says is None
        assert caplog.text.count("cannot be worked on: it takes longer than 2 s") == 1
        word = await source.read(net, NOW + timedelta(minutes=8), memory)  # in the real worker
        assert (word.says, word.headline) == (Health.DEGRADED, "Elevated errors")


# ── feeds: whichever order, words, dates and markup ──────────────────────────────────────────────────────────────────


@hardened("T12", "a feed with updates oldest first", "the newest counts")
def test_updates_may_stand_in_either_order():
    assert read(RSS, feed("updates-oldest-first"), MOMENT).says is Health.UP


@hardened("T14", "a feed with its stages in headings and categories", "nothing reported")
def test_stages_may_stand_in_headings_and_categories():
    assert read(RSS, feed("stages-in-headings"), MOMENT).says is Health.UP
    assert read(RSS, (DATA / "xai-feed-2026-10-07.xml").read_bytes(), utc(2026, 10, 7, 0, 40)).says is Health.UP
    bare = (
        b"<rss><channel><item><title>x</title><pubDate>Fri, 20 Nov 2026 11:00:00 GMT</pubDate>%s</item></channel></rss>"
    )
    assert read(RSS, bare % b"<category>outage</category><category>Resolved</category>", MOMENT).says is Health.UP
    assert read(RSS, bare % b'<category term="resolved"/>', MOMENT).says is Health.UP
    assert read(RSS, bare % b"<category>investigating</category>", MOMENT).says is Health.DEGRADED


@hardened("T15", "entries from the future", "planned, or open since nobody knows when")
def test_nothing_has_begun_that_is_still_to_come():
    word = read(RSS, feed("from-the-future"), MOMENT)
    assert (word.says, word.headline, word.since) == (Health.DEGRADED, "API is down", None)
    assert [(one.name, one.since) for one in word.planned] == [
        ("Network upgrade in eu-west", utc(2026, 11, 21, 12, 0, 1))
    ]


@hardened("T15", "incidents of every dialect that began in the future", "never since a moment that has not come")
@pytest.mark.parametrize("vendor", FILES)
@pytest.mark.parametrize("when", ["2031-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_no_dialect_says_since_a_moment_that_has_not_come(vendor, when):
    bodies = json.loads(re.sub(r'"20\d\d-\d\d-\d\d[^"]*"', json.dumps(when), json.dumps(shaped(vendor))))
    word = SPOKEN[vendor].parse(tuple(json.dumps(one).encode() for one in bodies), Asked(url(vendor), (), NOW))
    assert word.since is None or word.since <= NOW
    word = says_statuspage(github(incident(created_at=when, started_at=when)))
    assert (word.says, word.since) == (Health.DEGRADED, None)


@hardened("T17", "labels in Spanish, German, French, Portuguese and Japanese", "over")
def test_labels_in_other_languages():
    assert read(RSS, feed("languages"), MOMENT).says is Health.UP


@hardened("T17", "labels in Arabic, Hebrew, Greek, Korean, Vietnamese, Thai and others", "over")
@pytest.mark.parametrize(
    "label",
    [
        "تم الحل",
        "נפתר",
        "Επιλύθηκε",
        "해결되었습니다",
        "已恢復",
        "Đã khắc phục",
        "แก้ไขแล้ว",
        "Selesai",
        "Megoldódott",
        "Naprawiono",
        "Opraveno",
        "Закрыто",
        "Resolt",
        "حل شد",
        "हल किया गया",
        "Riješeno",
    ],
)
def test_labels_in_still_other_languages(label):
    body = rss(item("X", f"<strong>{label}</strong> - ok", at="Fri, 20 Nov 2026 11:00:00 GMT"))
    assert read(RSS, body, MOMENT).says is Health.UP


@hardened("T18", "entries without a date, or with one in a form not known", "not open for ever")
def test_what_bears_no_date_is_not_open_for_ever():
    assert read(RSS, feed("undated"), MOMENT).says is Health.UP
    assert told(RSS, rss(item("Slow", "Some servers were slow.", at=""))).says is None  # nothing says that it is open
    beside = [item(f"Old {n}", at="Fri, 20 Nov 2020 11:00:00 GMT") for n in range(3)]
    assert read(RSS, rss(*beside[:2], item("Slow", at="long ago"), beside[2]), MOMENT).says is Health.UP
    new = item("New", "<b>Investigating</b> - x", at="Fri, 20 Nov 2026 11:00:00 GMT")
    assert read(RSS, rss(new, item("Slow", at=""), *beside), MOMENT).headline == "New"


@hardened("T18", "an incident that is open without a date, for weeks", "forgotten after fourteen days")
async def test_what_is_open_without_a_date_is_forgotten_like_the_others():
    async with Network() as net, Site(page(404)) as site:
        site.paths["/history.rss"] = page(200, rss(item("Slow", "<b>Investigating</b> - x", at="")))
        source, memory = OfficialPage(kind="rss", url=site.url()), SourceState()
        for after, says in (
            (0, Health.DEGRADED),
            (13, Health.DEGRADED),
            (14, Health.DEGRADED),
            (15, Health.UP),
            (16, Health.UP),
        ):
            assert (await source.read(net, NOW + timedelta(days=after), memory)).says is says
    assert timedelta(days=14) == FORGOTTEN


BROKEN = {
    "entity": "<item><title>The server&rsquo;s disk</title></item>",
    "unknown entity": "<item><title>a &klingon; b</title></item>",
    "bare &": "<item><title>Tom & Jerry &&</title><link>https://a.example/?a=1&b=2</link></item>",
    "control character": "<item><title>a\x08b\x00c</title></item>",
    "reference to one": "<item><title>a&#8;b&#xFFFF;</title></item>",
    "tags that do not match": "<item><title>a</title><description><p>x<br></p></description></item>",
    "end missing": "<item><title>a</title>",
    "stray <": "<item><title>a < b</title></item>",
    "attribute": "<item><title type=html>a</title></item>",
    "prefix that nobody declares": "<item><title>a</title><foo:bar>x</foo:bar></item>",
}
GOOD = item("X", "<strong>Investigating</strong> - x", at="Fri, 20 Nov 2026 11:00:00 GMT")


@hardened("T20", "one bad entity, a bare &, tags that do not match", "costs that entry at most")
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("before", [True, False])
def test_one_broken_entry_costs_that_entry_alone(broken, before):
    bad = BROKEN[broken].replace("</title>", "</title><pubDate>Fri, 20 Nov 2020 11:00:00 GMT</pubDate>", 1)
    word = read(RSS, rss(*((bad, GOOD) if before else (GOOD, bad))), MOMENT)
    assert (word.says, word.headline) == (Health.DEGRADED, "X")
    assert read(RSS, feed("entity"), MOMENT).headline == "X"


@hardened("T20", "something that somebody has put behind the feed", "the feed is read")
@pytest.mark.parametrize("behind", ["<!-- x --><script>1 < 2</script>", "</html>", "&nbsp;", "\n0\n"])
def test_what_stands_behind_a_feed_is_not_read(behind):
    for whole in (rss(GOOD), rss(GOOD, BROKEN["bare &"])):
        assert read(RSS, whole + behind.encode(), MOMENT).headline == "X"
    assert told(RSS, rss(GOOD)[:-12]).says is None  # cut short


@hardened("T20", "another encoding than it says", "read in the one that it is in")
@pytest.mark.parametrize(
    ("says", "encoding"),
    [("utf-16", "utf-8"), ("klingon", "utf-8"), ("iso-8859-1", "utf-8"), ("utf-8", "utf-16"), ("utf-8", "utf-8-sig"),
     ("windows-1252", "cp1252"), ("utf-8", "cp1252"), ("shift_jis", "shift_jis"), ("", "utf-16-le"), ("punycode", "utf-8")],
)  # fmt: skip
def test_an_encoding_may_be_declared_wrong(says, encoding):
    declared = f'<?xml version="1.0" encoding="{says}"?>' if says else ""
    title = "障害 X" if encoding == "shift_jis" else "Störung X" if encoding != "utf-8" else "Störung 障 X"
    text = declared + rss(GOOD).decode().replace("X<", f"{title}<")
    word = read(RSS, text.encode(encoding), MOMENT)
    assert word.says is Health.DEGRADED
    assert word.headline == title or (says, encoding) == ("utf-8", "cp1252")


@hardened("U5", "an update after the end", "over stays over, unless a stage reopens it")
def test_an_update_after_the_end_does_not_reopen():
    def updates(*labels):
        return "".join(
            f"<small>Nov 20, {12 - n}:00 UTC</small><br><strong>{label}</strong> - x" for n, label in enumerate(labels)
        )

    def at(*labels):
        return stage(entries(rss(item("Slow", updates(*labels), at="Fri, 20 Nov 2026 12:00:00 GMT"))).entries[0])

    assert at("Update", "Resolved", "Investigating") is Stage.OVER
    assert at("Postmortem", "Update", "Resolved", "Investigating") is Stage.OVER
    assert at("Update", "Update", "Monitoring", "Resolved", "Investigating") is Stage.OPEN
    assert at("Investigating", "Resolved") is Stage.OPEN
    one = [
        item("UPDATE: Mail", "what we learned", at="Fri, 20 Nov 2026 12:00:00 GMT"),
        item("RESOLVED: Mail", at="Fri, 20 Nov 2026 11:00:00 GMT"),
        item("Mail", at="Fri, 20 Nov 2026 10:00:00 GMT"),
    ]
    assert read(RSS, rss(*one), MOMENT).says is Health.UP
    assert read(RSS, rss(one[0], one[2]), MOMENT).says is Health.DEGRADED


# ── a matrix: every order x language x form of a date x markup ───────────────────────────────────────────────────────

STAGES = {
    "en": ("Investigating", "Identified", "Monitoring", "Resolved"),
    "es": ("Investigando", "Identificado", "En observación", "Resuelto"),
    "de": ("Wird untersucht", "Identifiziert", "Wird beobachtet", "Behoben"),
    "fr": ("En cours d'investigation", "Identifié", "Sous surveillance", "Résolu"),
    "pt": ("Investigando", "Identificado", "Em monitoramento", "Resolvido"),
    "it": ("In corso di indagine", "Identificato", "Monitoraggio", "Risolto"),
    "nl": ("Wordt onderzocht", "Geïdentificeerd", "Monitoren", "Opgelost"),
    "ja": ("調査中", "原因特定", "監視中", "解決済み"),
}
FORMS = {
    "short": lambda at: f"{at:%b} {at.day}, {at:%H:%M} UTC",
    "am pm": lambda at: f"{at:%B} {at.day}, {at.year} {at:%I:%M %p} UTC",
    "mail": lambda at: f"{at:%a, %d %b %Y %H:%M:%S} +0000",
    "zone": lambda at: f"{at - timedelta(hours=5):%d %b %Y %H:%M} EST",
    "iso": lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}",
    "german": lambda at: f"{at + timedelta(hours=1):%d.%m.%Y %H:%M} Uhr MEZ",
    "japanese": lambda at: f"{at.year}年{at.month}月{at.day}日 {at + timedelta(hours=9):%H:%M} JST",
    "none": lambda _at: "",
}
MARKUPS = {
    "atlassian": "<p><small>{at}</small><br><strong>{word}</strong> - {text}</p>",
    "headings": "<div><p><strong>{at}</strong></p><h3>{word}</h3><p>{text}</p></div>",
    "brackets": "<p>{at}<br/><b>[{word}]</b> {text}</p>",
    "after": "<h4>{word}</h4><p>{text}</p><time>{at}</time>",
    "lines": "{at}<br>{word}: {text}<br>",
}


def written(form, markup, words, *, backwards):
    """An entry with an update for each word, an hour apart, the newest at eleven."""
    first = utc(2026, 11, 20, 12 - len(words))
    updates = [
        MARKUPS[markup].format(at=FORMS[form](first + timedelta(hours=n)), word=word, text="x")
        for n, word in enumerate(words)
    ]
    return "".join(updates[::-1] if backwards else updates)


@hardened("T17", "each order, language, form of a date and markup", "open while it is, over when it is")
@pytest.mark.parametrize("language", STAGES)
def test_every_order_language_date_and_markup(language):
    for form, markup, backwards, over in product(FORMS, MARKUPS, (True, False), (True, False)):
        words = STAGES[language] if over else STAGES[language][:3]
        body = rss(item("X", written(form, markup, words, backwards=backwards), at="Fri, 20 Nov 2026 11:00:00 GMT"))
        word = read(RSS, body, MOMENT)
        assert word.says is (Health.UP if over else Health.DEGRADED), (form, markup, backwards, over)
        if not over and form != "none":
            assert word.since == utc(2026, 11, 20, 9), (form, markup, backwards)


@pytest.mark.parametrize("language", STAGES)
def test_stages_in_titles_and_of_work(language):
    word = STAGES[language][3]
    for title in (f"[{word}] X", f"{word}: X", f"X - {word}", f"X ({word})", f"【{word}】X", f"{word.upper()} - X"):
        assert stage(entries(rss(item(title))).entries[0]) is Stage.OVER, title
    for title in (f"[{STAGES[language][0]}] X", f"{STAGES[language][2]}: X"):
        found = said(entries(rss(item(title))).entries[0])
        assert (found.stage, found.labelled) == (Stage.OPEN, True), title


@pytest.mark.parametrize(
    "label", ["Programado", "Geplant", "Planifié", "Agendado", "Programmato", "Gepland", "予定", "Scheduled"]
)
def test_announced_work_in_any_language_is_no_incident(label):
    assert read(RSS, rss(item("X", f"<b>{label}</b> - x")), NOW).says is Health.UP


@pytest.mark.parametrize("label", ["Xyzzyfied", "Ενημερώθηκε", "ተፈትቷል"])
def test_a_language_that_we_do_not_know_is_silence(label):
    assert told(RSS, rss(item("X", f"<strong>{label}</strong> - ok"))).says is None


RECORDED = {
    "github atom": (ATOM, GITHUB_ATOM, utc(2026, 2, 5, 5, 11)),
    "github rss": (RSS, GITHUB_RSS, utc(2026, 2, 5, 5, 11)),
}
LABEL = re.compile(r"&lt;strong&gt;(Investigating|Identified|Monitoring|Resolved)&lt;/strong&gt;")
UPDATE = re.compile(r"&lt;p&gt;&lt;small&gt;.*?&lt;/p&gt;", re.DOTALL)
TIME = re.compile(
    r"([A-Z][a-z]{2}) *&lt;var data-var=&#39;date&#39;&gt; *(\d+)&lt;/var&gt;, *&lt;var data-var=&#39;time&#39;&gt;(\d\d:\d\d)&lt;/var&gt; UTC"
)


@hardened(
    "T12", "recorded feeds, in other orders, languages and forms of dates, with a broken entry", "read as they were"
)
@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("language", STAGES)
@pytest.mark.parametrize("backwards", [True, False])
def test_recorded_feeds_are_read_alike_however_they_are_written(name, language, backwards):
    dialect, path, at = RECORDED[name]
    body = path.read_text()
    order = ("Investigating", "Identified", "Monitoring", "Resolved")
    body = LABEL.sub(
        lambda found: f"<strong>{STAGES[language][order.index(found[1])]}</strong>".replace("<", "&lt;").replace(
            ">", "&gt;"
        ),
        body,
    )
    if backwards:
        body = re.sub(
            r"(&lt;p&gt;&lt;small&gt;.*?)(?=</content>|</description>)",
            lambda found: "".join(UPDATE.findall(found[0])[::-1]),
            body,
            flags=re.DOTALL,
        )
    turn = 2 * list(RECORDED).index(name) + backwards
    for form in some(list(FORMS.values()), turn, of=4):  # each language has each form in one of its four turns
        spoken = TIME.sub(lambda m, form=form: escape(form(date(f"{m[2]} {m[1]} 2026 {m[3]} UTC") or at)), body)
        for broken in (spoken, re.sub("<(item|entry)>", r"<\1><broken></\1><\1>", spoken, count=1)):
            assert read(dialect, broken.encode(), at).says is Health.UP
            newest = STAGES[language][3]
            reopened = broken.replace(newest, STAGES[language][2])
            assert reopened == broken or read(dialect, reopened.encode(), at).says is Health.DEGRADED


# ── other dialects ───────────────────────────────────────────────────────────────────────────────────────────────────


@hardened("U2", "maintenance entered as an incident, the page's indicator being maintenance", "planned")
def test_maintenance_that_was_entered_as_an_incident_is_planned():
    path = DATA / "statuspage-v2-anydesk-summary-2024-01.json"
    for components in ((), ("Customer Portal",)):
        word = statuspage.DIALECT.parse(
            (path.read_bytes(),), Asked("https://status.anydesk.com/", components, utc(2024, 1, 31))
        )
        assert (word.says, word.headline) == (Health.UP, "")
    assert [(one.name[:21], one.since) for one in word.planned] == [
        ("Scheduled Maintenance", utc(2024, 1, 29, 14, 53, 30))
    ]
    grave = load(path)
    grave["incidents"][0]["impact"] = "major"
    assert says_statuspage(grave).says is Health.DEGRADED


@hardened("U6", "one component without a state", "costs that component alone")
def test_one_component_without_a_state_costs_that_component_alone():
    found = github(incident(), indicator="minor")
    for broken in (None, 17, [], {}):
        found["components"][0]["status"] = broken
        assert says_statuspage(found).headline == "Elevated errors"


@hardened("U6", "one broken thing in any list of any dialect", "costs that thing alone")
@pytest.mark.parametrize("vendor", FILES)
@pytest.mark.parametrize("broken", [None, 17, "x", [], {"name": None, "status": None}], ids=str)
def test_one_broken_thing_in_a_list_costs_that_thing_alone(vendor, broken):
    def spoil(node):
        if isinstance(node, dict):
            return {key: spoil(value) for key, value in node.items()}
        if isinstance(node, list):
            spoiled = [spoil(one) for one in node]
            return [*spoiled, broken] if node and isinstance(node[0], dict) else spoiled
        return node

    for bodies in (shaped(vendor), made(vendor, "down")):
        expected = SPOKEN[vendor].parse(tuple(json.dumps(one).encode() for one in bodies), Asked(url(vendor), (), NOW))
        spoiled = tuple(json.dumps(spoil(one)).encode() for one in bodies)
        word = SPOKEN[vendor].parse(spoiled, Asked(url(vendor), (), NOW))
        assert (word.says, word.headline, word.since) == (expected.says, expected.headline, expected.since)


@hardened("R1", "numbers that are none, or beyond every clock, anywhere on a page", "harmless")
@pytest.mark.parametrize("vendor", FILES)
@pytest.mark.parametrize("number", worst.NUMBERS, ids=lambda one: str(one)[:12])
def test_odd_numbers_anywhere_raise_nothing(vendor, number):
    def odd(node):
        if isinstance(node, dict):
            return {key: odd(value) for key, value in node.items()}
        if isinstance(node, list):
            return [odd(one) for one in node]
        return node if isinstance(node, str) and not re.match(r"\d", node) else number

    for components in ((), ("API",)):
        bodies = tuple(json.dumps(odd(one)).encode() for one in made(vendor, "well"))
        word = told(SPOKEN[vendor], *bodies, components=components)
        assert word.since is None or word.since <= NOW
        assert word.says is not Health.DOWN or vendor == "uptimekuma"  # 0 and False are its word for down


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1795000000, utc(2026, 11, 18, 11, 6, 40)),
        (1795000000000, utc(2026, 11, 18, 11, 6, 40)),
        (float("nan"), None),
        (1e300, None),
        (-1e300, None),
        (10**400, None),
        (True, None),
        ("9" * 400, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
    ids=lambda value: str(value)[:16],
)
def test_instants_as_numbers(value, at):
    assert instant(value) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Friday, 20-Nov-20 11:00:00 UTC", utc(2020, 11, 20, 11)),
        ("Fri, 20 November 2020 11:00:00 +0000", utc(2020, 11, 20, 11)),
        ("Vie, 20 nov 2020 11:00:00 +0100", utc(2020, 11, 20, 10)),
        ("Fri, 20 Nov 2020 08:00:00 GMT+2", utc(2020, 11, 20, 6)),
        ("fri, 20 nov 2026 11:00:00 gmt", utc(2026, 11, 20, 11)),
        ("20.11.2026 11:00 CET", utc(2026, 11, 20, 10)),
        ("Nov 20, 2026 5:00 AM PST", utc(2026, 11, 20, 13)),
        ("November 20, 2026 2:39PM CDT", utc(2026, 11, 20, 19, 39)),
        ("12:00 PM UTC, Nov 20, 2026", utc(2026, 11, 20, 12)),
        ("12:00 a.m. UTC, Nov 20, 2026", utc(2026, 11, 20)),
        ("20 de noviembre de 2026, 11:00 UTC", utc(2026, 11, 20, 11)),
        ("20 novembre 2026 11h30 CET", utc(2026, 11, 20, 10, 30)),
        ("2026年11月20日 11:00 JST", utc(2026, 11, 20, 2)),
        ("1795000000", utc(2026, 11, 18, 11, 6, 40)),
        ("1795000000000", utc(2026, 11, 18, 11, 6, 40)),
        ("11/10/2026 11:00 GMT", None),  # which is the month?
        ("9" * 400, None),
        ("Fri, 20 Nov 99999 11:00:00 GMT", None),
    ],
)
def test_dates_in_many_forms(text, at):
    assert date(text) == at
