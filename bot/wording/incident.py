"""Notices about incidents, by kind of change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import (
    ENDINGS,
    OURSELVES,
    Button,
    Change,
    ChangeKind,
    Health,
    Incident,
    Link,
    Notice,
    Role,
    Service,
    Style,
    Text,
    Tone,
)
from bot.wording.batches import line
from bot.wording.catalog import Catalog
from bot.wording.evidence import evidence, lag, own_plans, plan_line, quotes
from bot.wording.evidence import official as official_line
from bot.wording.health import in_language
from bot.wording.links import links
from bot.wording.resolution import Others, restored, restored_lines, retracted, unwatched
from bot.wording.text import NAME, TITLE, fit, foreign, quoted, sentences, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import (
    began,
    down,
    down_again,
    headed,
    name_of,
    official_word,
    only_slow,
    present,
    state_forms,
    sure,
    tone,
    trouble,
)

# Posted only in the thread, without alerting the place.
QUIET = frozenset({ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED, ChangeKind.EASED})
NOTHING = Others()


def notice(
    change: Change, service: Service, style: Style, others: Others = NOTHING, read_at: datetime | None = None
) -> Notice:
    """The notice about `change`. `others`: open incidents of other services that the reader follows. `read_at`: when it
    is read, if not at once, which decides the times that need a date.
    """
    incident, to = change.incident, reader(style, read_at or change.at)
    service = in_language(service, style.language)
    colour, words, at = _told(change, service, to, others)
    root = None if incident.steps <= 1 else _root(change, service, to)
    return Notice(
        key=change.key,
        thread=incident.id,
        tone=colour,
        words=words,
        later=_later(change, service, to, words),
        root=root,
        fresh=change.kind not in QUIET,
        at=at,
        since=began(incident),
        kind=change.kind,
        line=words.title if change.kind is ChangeKind.RETRACTED else line(change, service, to),
        detail=_detail(change, words),
        causes=(*service.shares, *sorted({f"at:{r.answered_by}" for r in incident.readings if r.answered_by})),
        style=style,
        buttons=_buttons(change, service, to.say),
        plan=plan if (plan := plan_line(service, to)) in words.lines else "",
        quotes=quotes(incident, words.lines, to),
        plans=own_plans(service),
        links=_links(change, service, to.say, words, root),
    )


def _later(change: Change, service: Service, to: Reader, words: Text) -> Text | None:
    """The text of a restoration without what else was down at the time, which may be up when it is read."""
    names_others = change.kind is ChangeKind.RESTORED and not service.channel and service.id != OURSELVES
    later = replace(words, lines=restored_lines(change.incident, to)) if names_others else words
    return later if later != words else None


def _links(change: Change, service: Service, say: Catalog, words: Text, root: Text | None) -> tuple[Link, ...]:
    """None for an acknowledgement, which is one line in a thread that has them."""
    if change.kind is ChangeKind.ACKNOWLEDGED:
        return ()
    return links(change.incident, service, say, "\n".join(text.text for text in (words, root) if text))


def _detail(change: Change, words: Text) -> str:
    """What a message of many says below the line: nothing more of what is over."""
    return "" if change.kind in ENDINGS else " ".join(words.lines)


def _told(change: Change, service: Service, to: Reader, others: Others) -> tuple[Tone, Text, datetime]:
    incident = change.incident
    match change.kind:
        case ChangeKind.OFFICIAL:
            return Tone.INFO, _official(change, service, to), change.at
        case ChangeKind.ACKNOWLEDGED:
            return Tone.INFO, _acknowledged(change, service, to), change.at
        case ChangeKind.REMINDED:
            return tone(incident), _reminded(change, service, to), change.at
        case ChangeKind.LASTING:
            return tone(incident), _lasting(change, service, to), change.at
        case ChangeKind.RESTORED:
            colour = Tone.UNSEEN if service.id == OURSELVES else Tone.UP
            rest = None if service.channel else others
            return colour, restored(change, service, to, rest), incident.until or change.at
        case ChangeKind.RETRACTED:
            return Tone.CORRECTION, retracted(change, service, to), incident.until or change.at
        case ChangeKind.UNWATCHED:
            return Tone.UNSEEN, unwatched(change, service, to), change.at
        case ChangeKind.OPENED | ChangeKind.CONFIRMED:
            return tone(incident), _news(change, service, to), began(incident)
        case ChangeKind.WORSENED | ChangeKind.EASED:
            return tone(incident), _news(change, service, to), change.at


def _root(change: Change, service: Service, to: Reader) -> Text:
    """New text of the thread's first message, without anything that will become outdated."""
    match change.kind:
        case ChangeKind.RESTORED:
            return restored(change, service, to, None)
        case ChangeKind.RETRACTED:
            return retracted(change, service, to)
        case ChangeKind.UNWATCHED:
            return unwatched(change, service, to)
        case _:
            return _present(change, service, to)


def _news(change: Change, service: Service, to: Reader) -> Text:
    """What it is at the moment of the change."""
    words, again = _present(change, service, to), down_again(change.incident, to)
    return replace(words, title=fit(name_of(service), *again)) if again else words


def _present(change: Change, service: Service, to: Reader) -> Text:
    incident = change.incident
    lines = evidence(incident, service, to, often=True)
    if change.kind is ChangeKind.WORSENED and down(incident) and not incident.unstable_since:
        lines = (stop(to.say.evidence.partly_at_first), *lines)
    return Text(present(incident, service, to), lines)


def _official(change: Change, service: Service, to: Reader) -> Text:
    say, incident, name = to.say, change.incident, name_of(service)
    word, clock = official_word(incident), to.clock(change.at)
    if word is None and any(w.role is Role.OFFICIAL and w.says is Health.UP for w in incident.reports):
        return _all_clear(change, name, to)
    if word is None or not foreign(word.headline):
        what = trouble(word, say) if word else say.titles.trouble
        return Text(
            fit(name, say.changes.official_trouble.format(name=NAME, trouble=what, clock=clock)), (_lead(change, to),)
        )
    forms = headed((say.changes.official_brief,), word, name, to, clock=clock)
    if incident.official_at in {None, change.at}:
        whole = headed((say.changes.official,), word, name, to, clock=clock, lag=lag(incident, change.at, to))[0]
        if len(title := whole.replace(NAME, name)) <= TITLE:
            return Text(title)
    title = fit(name, *forms)
    cut = () if quoted(foreign(word.headline), say) in title else (official_line(word, to),)
    return Text(title, (*cut, _lead(change, to)))


def _all_clear(change: Change, name: str, to: Reader) -> Text:
    """The official page reports nothing any more, which says nothing about our own checks."""
    fails = (stop(to.say.evidence.checks_still_fail),) if change.incident.readings else ()
    return Text(
        fit(name, to.say.changes.official_all_clear.format(name=NAME, clock=to.clock(change.at))),
        (*fails, _lead(change, to)),
    )


def _lead(change: Change, to: Reader) -> str:
    """When the official page first reported it, relative to us."""
    at = change.incident.official_at or change.at
    return stop(to.say.resolution.official_compared.format(at=to.point(at), lag=lag(change.incident, at, to)))


def _acknowledged(change: Change, service: Service, to: Reader) -> Text:
    by = foreign(change.by or change.incident.acked_by, 24) or to.say.changes.somebody
    return Text(fit(name_of(service), to.say.changes.acknowledged.format(name=NAME, by=by, clock=to.clock(change.at))))


def _reminded(change: Change, service: Service, to: Reader, *, often: bool = False) -> Text:
    incident, since = change.incident, began(change.incident)
    if incident.only_worn:
        return _present(change, service, to)
    still = _still(incident, to).format(name=NAME, length=to.length(since, change.at), since=to.point(since))
    forms = (still, *state_forms(incident, service, to))
    return Text(fit(name_of(service), *forms), evidence(incident, service, to, often=often))


def _lasting(change: Change, service: Service, to: Reader) -> Text:
    """The first notice of an older incident: how long it has lasted, and whether it is acknowledged."""
    words, say = _reminded(change, service, to, often=True), to.say.evidence
    if change.incident.acked_by:
        return words
    return Text(
        words.title, (*words.lines, sentences(say.not_acknowledged, say.how_to_acknowledge.format(service=service.id)))
    )


def _still(incident: Incident, to: Reader) -> str:
    say = to.say
    if not sure(incident):
        return say.changes.may_still_have_trouble
    if incident.unstable_since:
        return say.changes.still_unstable if down(incident) else say.changes.still_unstable_partly
    if down(incident):
        return say.changes.still_down
    return say.changes.still_slow if only_slow(incident) else say.changes.still_partly_down


def _buttons(change: Change, service: Service, say: Catalog) -> tuple[Button, ...]:
    """The buttons for an incident. Each names the incident, so that an old button cannot affect a newer one. Endings
    have none, nor do incidents of Tocsin itself and its channels, nor services whose key has several words, as commands
    separate their arguments by spaces.
    """
    if change.kind in ENDINGS or service.channel or service.id == OURSELVES or len(service.id.split()) != 1:
        return ()
    incident, label = change.incident, say.buttons
    people = (Button(label.down, f"report {incident.id}"), Button(label.works, f"report {incident.id} works"))
    return (
        *(() if incident.only_worn else people),  # users cannot notice an expiring certificate
        *(() if incident.acked_by else (Button(label.acknowledge, f"ack {incident.id}"),)),
        Button(label.mute, f"mute {incident.id} 1h"),
        Button(label.details, f"why {incident.id}"),
    )
