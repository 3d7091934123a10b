"""A status page rewritten without a change of what it says: updates in another order, stages in other languages, times
in other forms, one more entry that is broken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from html import escape, unescape
from typing import Any

from bot.watch.sources.dialects.dates import instant
from tests.watch.sources.readings import Reading

Bodies = tuple[bytes, ...]

# ── stages in other languages ────────────────────────────────────────────────────────────────────────────────────────

ENGLISH = ("investigating", "identified", "monitoring", "update", "resolved", "scheduled", "in progress", "verifying", "completed", "postmortem")  # fmt: skip
# In the order of ENGLISH, as vendors and people write them; the alternatives are taken in turn.
LANGUAGES = {
    "es": "Investigando|En investigación; Identificado|Causa identificada; Monitoreando|En observación|Supervisando;"
    "Actualización; Resuelto|Solucionado|Resuelta; Programado|Planificado; En curso|En progreso; Verificando;"
    "Completado|Finalizado; Análisis posterior|Post mortem",
    "de": "Untersuchung läuft|Wird untersucht|In Untersuchung; Identifiziert|Ursache identifiziert|Erkannt;"
    "Überwachung|Wird überwacht|Beobachtung; Aktualisierung|Update; Behoben|Gelöst|Erledigt; Geplant;"
    "In Bearbeitung|Läuft|In Arbeit; Überprüfung|Wird überprüft; Abgeschlossen|Beendet; Nachbericht|Postmortem",
    "fr": "Enquête en cours|En cours d’investigation|Investigation en cours|En cours d'analyse; Identifié|Problème identifié;"
    "Surveillance|En surveillance|Sous surveillance; Mise à jour; Résolu|Résolue|Rétabli; Planifié|Programmé;"
    "En cours; Vérification|En cours de vérification; Terminé|Achevé; Post-mortem|Bilan",
    "pt": "Investigando|Em investigação|A investigar; Identificado; Monitorando|Em monitoramento|A monitorizar; Atualização;"
    "Resolvido|Solucionado; Agendado|Programado; Em andamento|Em curso|Em progresso; Verificando|Em verificação;"
    "Concluído|Finalizado; Post mortem|Postmortem",
    "it": "In fase di analisi|Indagine in corso|In corso di indagine; Identificato; Monitoraggio|In monitoraggio;"
    "Aggiornamento; Risolto|Risolta; Programmato|Pianificato; In corso; In verifica|Verifica; Completato|Concluso;"
    "Post mortem|Analisi post-incidente",
    "nl": "In onderzoek|Onderzoeken|Wordt onderzocht; Geïdentificeerd|Vastgesteld; Monitoring|Wordt gemonitord|Bewaking;"
    "Update|Bijgewerkt; Opgelost|Verholpen; Gepland|Ingepland; Bezig|In uitvoering; Verifiëren|Wordt gecontroleerd;"
    "Voltooid|Afgerond; Postmortem|Nabespreking",
    "ja": "調査中|調査しています; 特定済み|原因を特定|確認済み; 監視中|モニタリング中|経過観察中; 更新|アップデート;"
    "解決済み|解決|復旧済み|解決しました; 予定|スケジュール済み|計画済み; 進行中|実施中|作業中; 検証中|確認中; 完了|完了しました;"
    "事後分析|ポストモーテム",
}  # fmt: skip
STATUS = {
    "es": "Estado",
    "de": "Status",
    "fr": "Statut",
    "pt": "Status",
    "it": "Stato",
    "nl": "Status",
    "ja": "ステータス",
}
EVENT = {
    "es": "ESTE ES UN EVENTO PROGRAMADO 3 jul., 03:00 - 05:30 UTC",
    "de": "DIES IST EIN GEPLANTES EREIGNIS 3. Juli, 03:00 - 05:30 UTC",
    "fr": "CECI EST UN ÉVÉNEMENT PLANIFIÉ 3 juil., 03:00 - 05:30 UTC",
    "pt": "ESTE É UM EVENTO AGENDADO 3 de jul, 03:00 - 05:30 UTC",
    "it": "QUESTO È UN EVENTO PROGRAMMATO 3 lug, 03:00 - 05:30 UTC",
    "nl": "DIT IS EEN GEPLANDE GEBEURTENIS 3 jul., 03:00 - 05:30 UTC",
    "ja": "これは予定されたイベントです 7月3日 03:00 - 05:30 UTC",
}
AFFECTED = {
    "es": ("Componentes afectados", "Interrupción parcial", "Operativo"),
    "de": ("Betroffene Komponenten", "Teilausfall", "Betriebsbereit"),
    "fr": ("Composants affectés", "Panne partielle", "Opérationnel"),
    "pt": ("Componentes afetados", "Interrupção parcial", "Operacional"),
    "it": ("Componenti interessati", "Interruzione parziale", "Operativo"),
    "nl": ("Getroffen componenten", "Gedeeltelijke storing", "Operationeel"),
    "ja": ("影響を受けるコンポーネント", "部分的な障害", "正常"),
}
_CODES = {word.replace(" ", ""): word for word in ENGLISH}
_LABEL = re.compile(
    rf"(?P<before>(?:<strong>|<b>|<h3>|<category>|&lt;strong&gt;|\[|<title>(?:<!\[CDATA\[)?)(?:Status: )?)"
    rf"(?P<word>{'|'.join(ENGLISH)})(?=<|&lt;|\]|: )",
    re.IGNORECASE,
)


def words_of(language: str, stage: str) -> list[str]:
    """What a vendor may call that stage of ENGLISH."""
    if language == "en":
        return [stage.capitalize()]
    return LANGUAGES[language].split(";")[ENGLISH.index(stage)].strip().split("|")


def in_language(reading: Reading, language: str, turn: int) -> Bodies:
    """The page with its stages in that language: the `turn`-th of its words."""
    words = {stage: words_of(language, stage) for stage in ENGLISH}
    rename = partial(_renamed, words=words, turn=turn)
    return tuple(
        json.dumps(_stages(json.loads(body), rename)).encode()
        if body[:1] in {b"{", b"["}
        else _labels(body.decode(), language, rename).encode()
        for body in reading.bodies
    )


def _renamed(word: str, words: dict[str, list[str]], turn: int) -> str:
    found = words[word.casefold()]
    name = found[turn % len(found)]
    return name.upper() if word.isupper() else name.lower() if word.islower() and len(word) > 1 else name


def _labels(text: str, language: str, rename: Callable[[str], str]) -> str:
    def label(match: re.Match[str]) -> str:
        return match["before"].replace("Status: ", f"{STATUS[language]}: ") + escape(rename(match["word"]), quote=False)

    heading, partly, well = AFFECTED[language]
    for english, said in (("Affected components", heading), ("(Partial outage)", f"({partly})"), ("(Operational)", f"({well})"),
                          ("THIS IS A SCHEDULED EVENT Jul 3, 03:00 - 05:30 UTC", EVENT[language])):  # fmt: skip
        text = text.replace(english, said)
    return _LABEL.sub(label, text)


def _stages(node: Any, rename: Callable[[str], str]) -> Any:
    """JSON with every stage of an incident, an update or work in other words."""
    if isinstance(node, list):
        return [_stages(one, rename) for one in node]
    if not isinstance(node, dict):
        return node.replace("[RESOLVED]", f"[{rename('RESOLVED')}]") if isinstance(node, str) else node
    made = {}
    for key, value in node.items():
        code = re.sub(r"[\s_-]", "", value).casefold() if isinstance(value, str) else ""
        stage = key in {"status", "state", "latest_human_status"} or (key == "type" and "posted_at" in node)
        made[key] = rename(_CODES[code]) if stage and code in _CODES else _stages(value, rename)
    return made


# ── the order of entries and of their updates ────────────────────────────────────────────────────────────────────────


def backwards(reading: Reading) -> Bodies:
    """The page with its updates in the other order."""
    return tuple(_turned(body, entries=False) for body in reading.bodies)


def upside_down(reading: Reading) -> Bodies:
    """The page with its updates and its entries in the other order."""
    return tuple(_turned(body, entries=True) for body in reading.bodies)


def _turned(body: bytes, *, entries: bool) -> bytes:
    if body[:1] in {b"{", b"["}:
        return json.dumps(_reversed(json.loads(body), entries=entries, inside=False)).encode()
    text = body.decode()
    for begin, end in (
        ("&lt;p&gt;&lt;small&gt;", "&lt;/p&gt;"),
        ("&lt;p&gt;&lt;strong&gt;", "&lt;/p&gt;"),
        ("<p><small>", "</p>"),
        ("<div>", "</div>"),
    ):
        pattern = re.compile(rf"(?:{begin}(?:(?!{end}).)*{end}\s*)+", re.DOTALL)
        one = re.compile(rf"{begin}(?:(?!{end}).)*{end}\s*", re.DOTALL)
        text = pattern.sub(lambda match, one=one: "".join(one.findall(match[0])[::-1]), text)
    if entries:
        found = re.compile(r"(?:<(item|entry)>.*</\1>)", re.DOTALL)
        one = re.compile(r"<(?:item|entry)>.*?</(?:item|entry)>", re.DOTALL)
        text = found.sub(lambda match: "".join(one.findall(match[0])[::-1]), text)
    return text.encode()


_UPDATES = frozenset({"incident_updates", "updates", "messages", "notes", "event_log", "status_updates"})


def _reversed(node: Any, *, entries: bool, inside: bool) -> Any:
    """All lists the other way round; or those of updates alone."""
    if isinstance(node, dict):
        return {k: _reversed(v, entries=entries, inside=inside or k in _UPDATES) for k, v in node.items()}
    if not isinstance(node, list):
        return node
    return [_reversed(one, entries=entries, inside=inside) for one in (node[::-1] if entries or inside else node)]


# ── times in other forms ─────────────────────────────────────────────────────────────────────────────────────────────

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _at(at: datetime, hours: float) -> datetime:
    return at.astimezone(timezone(timedelta(hours=hours)))


def _english(at: datetime, zone: str) -> str:
    return f"{_MONTHS[at.month - 1]} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'} {zone}"


FORMS: dict[str, Callable[[datetime], str]] = {
    "offset": lambda at: _at(at, 5.5).isoformat(timespec="seconds"),
    "mail": lambda at: f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S} GMT",
    "pm": lambda at: _english(_at(at, -8), "PST"),
    "german": lambda at: f"{(local := _at(at, 1)).day}. {['Jan.', 'Feb.', 'März', 'Apr.', 'Mai', 'Juni', 'Juli', 'Aug.', 'Sept.', 'Okt.', 'Nov.', 'Dez.'][local.month - 1]} {local.year}, {local:%H:%M} Uhr MEZ",
    "japanese": lambda at: f"{(local := _at(at, 9)).year}年{local.month}月{local.day}日 {local:%H:%M} JST",
    "script": lambda at: f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:02} {at.year} {at:%H:%M:%S} GMT+0000 (Coordinated Universal Time)",
    "seconds": lambda at: str(int(at.timestamp())),
    "lower case": lambda at: f"{(local := _at(at, -5)).day} {_MONTHS[local.month - 1].lower()} {local.year} {local.hour % 12 or 12}:{local:%M} {'a.m.' if local.hour < 12 else 'p.m.'} (GMT-5)",
}  # fmt: skip
_FIELD = re.compile(r"(<(pubDate|published|updated)>)([^<]+)(</\2>)")
_IN_TEXT = re.compile(
    r"(?P<small>(?:&lt;|<)small(?:&gt;|>))(?P<text>.*?)(?P<end>(?:&lt;|<)/small(?:&gt;|>))|(?P<strong><strong>)(?P<mail>\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT)(?P<end2></strong>)"
)
_ZONES = {"PDT": "-0700", "Z": "+0000", "GMT": "+0000"}
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")


def in_form(reading: Reading, form: str) -> Bodies:
    """The page with its times in that form; an update's, which has no year, gets the year of the reading.

    Seconds since 1970 are for programs: nobody writes them beside an update.
    """
    return tuple(
        json.dumps(_stamps(json.loads(body), FORMS[form])).encode()
        if body[:1] in {b"{", b"["}
        else _dates(body.decode(), reading.at, FORMS[form]).encode()
        for body in reading.bodies
    )


def _stamps(node: Any, form: Callable[[datetime], str]) -> Any:
    if isinstance(node, dict):
        return {key: _stamps(value, form) for key, value in node.items()}
    if isinstance(node, list):
        return [_stamps(one, form) for one in node]
    if isinstance(node, str) and _ISO.fullmatch(node) and (at := instant(node)):
        return form(at)
    if isinstance(node, str) and re.fullmatch(r"1[4-9]\d{8}", node):
        return form(datetime.fromtimestamp(int(node), UTC))
    return node


def _dates(text: str, now: datetime, form: Callable[[datetime], str]) -> str:
    def of_field(match: re.Match[str]) -> str:
        at = _known(match[3])
        return match[1] + (escape(form(at)) if at else match[3]) + match[4]

    def of_text(match: re.Match[str]) -> str:
        if match["mail"]:
            return match["strong"] + form(_known(match["mail"]) or now) + match["end2"]
        bare = " ".join(re.sub(r"<[^<>]*>", " ", unescape(match["text"])).replace(" ,", ",").split())
        at = datetime.strptime(f"{now.year} {bare}", "%Y %b %d, %H:%M %Z").replace(tzinfo=UTC)
        return match["small"] + escape(form(at)) + match["end"]

    text = _FIELD.sub(of_field, text)
    return text if form is FORMS["seconds"] else _IN_TEXT.sub(of_text, text)


def _known(text: str) -> datetime | None:
    """The instant of an entry, in the forms that the recorded feeds have."""
    stamp = re.sub(r"([A-Z]{1,3})$", lambda match: _ZONES.get(match[0], match[0]), text.strip())
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(stamp).astimezone(UTC)
        except ValueError:
            continue
    return None


# ── one entry broken ─────────────────────────────────────────────────────────────────────────────────────────────────

BROKEN = (
    "<{0}><title>The server&rsquo;s &klingon; disk</title><pubDate>Fri, 20 Nov 2020 11:00:00 GMT</pubDate></{0}>",
    "<{0}><title>Tom & Jerry</title><link>https://a.example/?a=1&b=2</link><updated>2020-11-20T11:00:00Z</updated></{0}>",
    "<{0}><title>a\x08&#8;b</title><description><p>x<br></description><pubDate>Fri, 20 Nov 2020 11:00:00 GMT</pubDate></{0}>",
    "<{0}><title>a < b</title><published>2020-11-20T11:00:00Z</published></{0}>",
    "<{0}><title>Resolved: cut off</title><pubDate>Fri, 99 Nov 2020</pubDate>",
)
JUNK: tuple[Any, ...] = (None, "x", {}, {"name": None, "status": None}, [], {"id": "x", "title": 7, "updates": 3, "attributes": None})  # fmt: skip


def broken(reading: Reading) -> Iterator[Bodies]:
    """The page with one broken entry more, of each sort, at each place."""
    for n, body in enumerate(reading.bodies):
        for made in _with_junk(json.loads(body)) if body[:1] in {b"{", b"["} else _with_broken_entry(body.decode()):
            yield (*reading.bodies[:n], made.encode(), *reading.bodies[n + 1 :])


def _with_broken_entry(text: str) -> Iterator[str]:
    name = "entry" if "<feed" in text else "item"
    starts = [match.start() for match in re.finditer(rf"<{name}>", text)]
    if not starts:
        return
    for bad in BROKEN:
        for at in {starts[0], starts[-1]}:
            yield text[:at] + bad.format(name) + text[at:]


def _with_junk(page: Any) -> Iterator[str]:
    for path in [*_lists(page)]:
        for n, junk in enumerate(JUNK):
            changed = json.loads(json.dumps(page))
            node = changed
            for key in path:
                node = node[key]
            node.insert(n % (len(node) + 1), junk)
            yield json.dumps(changed)


def _lists(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the lists of objects are: the first of each name."""
    seen: set[str] = set()
    todo = [(node, path)]
    while todo:
        node, path = todo.pop(0)
        name = "/".join(str(key) for key in path if isinstance(key, str))
        if isinstance(node, list) and node and isinstance(node[0], dict) and name not in seen:
            seen.add(name)
            yield path
        items = enumerate(node[:3]) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
        todo += [(value, (*path, key)) for key, value in items]
