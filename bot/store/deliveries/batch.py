"""Batches: one message for several notices, after a channel's return, after quiet hours and in a storm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Batch, BatchItem, ChangeKind, DeliveryAction, Destination
from bot.store.deliveries import batch_plan, place_statements
from bot.store.deliveries.batch_plan import EDIT_GAP, FEW, WINDOW, Claim, Lane, Wording
from bot.store.deliveries.statements import MANY, Status

T = TypeVar("T")
PART = 10_000


class _Place:
    """One destination within one claim."""

    def __init__(self, connection: AsyncConnection, place: Destination, wanted: Claim, word: Wording) -> None:
        self.connection = connection
        self.place = place
        self.names = {"of_kind": place.kind, "of_place": place.place}
        self.wanted = wanted
        self.now = wanted.now
        self.word = word


async def gather(connection: AsyncConnection, heads: Sequence[Row[Any]], wanted: Claim, word: Wording) -> list[int]:
    """The ids to claim instead of `heads`, once batches are formed."""
    crowded = {head.place for head in heads if head.behind or head.thread.startswith(MANY)}
    if wanted.gathers:
        crowded |= await _crowded(connection, {head.place for head in heads} - crowded, wanted)
    take: list[int] = []
    for name in dict.fromkeys(head.place for head in heads):
        here = _Place(connection, Destination(wanted.kind, name), wanted, word)
        own = [head for head in heads if head.place == name]
        found = await _refresh(here) if any(head.act == DeliveryAction.EDIT for head in own) else {}
        ids = [head.id for head in own if head.id not in found]
        taken = await _crowd(here, ids) if name in crowded else ids
        taken += [number for number in found.values() if number]  # news first, then the edits of older messages
        take += taken[:1] if wanted.one_each else taken
    return take


async def _crowded(connection: AsyncConnection, free: set[str], wanted: Claim) -> set[str]:
    """The destinations that are behind, or get many incidents."""
    now = wanted.now
    facts = {"of_kind": wanted.kind, "places": list(free), "since": now - WINDOW, "now": now}
    rows = await connection.execute(place_statements.STANDING, facts) if free else ()
    return {row.place for row in rows if row.behind or row.incidents > FEW}


async def _refresh(here: _Place) -> dict[int, int | None]:
    """The edits of incidents that were first reported in a batch: the batch message is edited once for all of them.

    Maps each edit to the id to claim, or to None if it is not due yet.
    """
    threads: dict[str, list[int]] = {}
    for row in await here.connection.execute(place_statements.LED_BY_MANY, here.names):
        threads.setdefault(row.many, []).append(row.id)
    found: dict[int, int | None] = {}
    for thread, ids in threads.items():
        due = await _rewrite(here, thread, ids)
        found |= dict.fromkeys(ids) | {ids[0]: next(iter(due), None)}
    return found


async def _crowd(here: _Place, heads: list[int]) -> list[int]:
    lanes = await _lanes(here, list(await here.connection.execute(place_statements.UNFINISHED, here.names)))
    many = [lane for lane in lanes if lane.thread.startswith(MANY)]
    if first := batch_plan.doubtful(lanes, here.wanted):
        if first.due > here.now:
            await _wait(here, heads, first.due)
            return []
        # Whichever was claimed: if this one were skipped, all would be, for ever. If the channel cannot look for it, it
        # is sent once more, together with all that waits; otherwise the destination would get two messages.
        if here.wanted.looks:
            return [first.id]
    # Messages on their way stay out of a batch, or they would be sent twice. They count all the same: a storm must not
    # go out one by one because its first messages are still on their way, alone or in a batch.
    sending = {row.id for lane in lanes if lane.handed_over(here.now) for row in lane.posts if row.told_in is None}
    under_way = [row for lane in lanes for row in lane.posts if row.id in sending or row.told_in in sending]
    lanes = [lane for lane in lanes if not lane.handed_over(here.now)]
    many = [lane for lane in many if not lane.handed_over(here.now)]
    facts = here.names | {"since": here.now - WINDOW}
    recent: list[Row[Any]] = [*await here.connection.execute(place_statements.RECENT, facts), *under_way]
    storms = batch_plan.storms(await here.connection.execute(place_statements.STORMS, facts), here.wanted)
    plan = batch_plan.decide(lanes, heads, recent, storms, here.wanted)
    await _supersede(here, plan.supersede)
    await _wait(here, plan.wait, plan.until)
    take = await _told(here, plan, many, storms)
    for number in plan.take:
        if rewriting := next((lane for lane in many if lane.rows[0].id == number and not lane.posts), None):
            await _word_anew(here, number, rewriting.thread)
        take.append(number)
    return take


async def _told(here: _Place, plan: batch_plan.Plan, many: list[Lane], storms: batch_plan.Storms) -> list[int]:
    """Form the batches; batch messages that were not taken before are sent as one, with all that waits."""
    messages = [lane.rows[0] for lane in many if lane.waits_again(here.now)]
    before = messages[0] if messages else None
    plan.take = [number for number in plan.take if number not in {row.id for row in messages}]
    take: list[int] = []
    for group in plan.together:
        kept = await _kept(here, group)
        storm = None if plan.late else storms.get(bool(kept[0].ends))
        if storm and storm.grows:
            take += await _rewrite(here, storm.thread, [row.id for row in kept])
        else:
            take += await _together(here, kept, before, late=plan.late)
    await _supersede(here, [row.id for row in messages if row.id not in take])
    return take


async def _wait(here: _Place, ids: Sequence[int], until: datetime | None) -> None:
    for some in _parts(ids):
        await here.connection.execute(place_statements.WAIT, {"ids": some, "until": until})


def _parts(all_: Sequence[T]) -> Iterator[list[T]]:
    """Split into parts, since no database takes any number of values in one statement."""
    return (list(all_[first : first + PART]) for first in range(0, len(all_), PART))


async def _lanes(here: _Place, rows: Sequence[Row[Any]]) -> list[Lane]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.thread, []).append(row)
    heard: dict[str, bool] = {}
    for threads in _parts(list(found)):
        known = await here.connection.execute(place_statements.HEARD, here.names | {"threads": threads})
        heard |= {row.thread: bool(row.sent) for row in known}
    return [Lane(thread, own, heard.get(thread, False), thread in heard) for thread, own in found.items()]


async def _kept(here: _Place, lanes: list[Lane]) -> list[Row[Any]]:
    """The newest post of each lane; older ones are superseded and hand their deadline to it."""
    await _supersede(here, [number for lane in lanes for number in lane.overtaken])
    times = [{"number": lane.newest.id, "soonest": lane.deadline} for lane in lanes if lane.newest]
    await here.connection.execute(place_statements.TAKES_TIME_OF, times)
    return [lane.newest for lane in lanes if lane.newest]


async def _together(here: _Place, kept: list[Row[Any]], before: Row[Any] | None, *, late: bool) -> list[int]:
    """Put all of them in one message, or leave a single one alone; return the ids to claim."""
    ids = [row.id for row in kept]
    if len(kept) == 1 and before is None:
        return ids
    number = before.id if before else await _new(here, kept, late=late)
    thread = before.thread if before else f"{MANY}{kept[0].id}"
    await _tell_in(here, ids, number)
    await _word(here, number, thread, kept, late=late)
    return [number]


async def _new(here: _Place, kept: Sequence[Row[Any]], *, late: bool) -> int:
    thread = f"{MANY}{kept[0].id}"
    row = await _row(here, f"{thread}@{here.place}", DeliveryAction.POST, here.now, kept[0].id)
    # For a batch, `deferred` means that it is late, so nothing joins it.
    row |= {"deferred": late, "ends": "restored" if kept[0].ends else None}
    return int((await here.connection.execute(place_statements.NEW, row)).scalar_one())


async def _rewrite(here: _Place, thread: str, ids: list[int]) -> list[int]:
    """Bring `ids` into the batch message of `thread` by an edit: now, or when the next edit is allowed."""
    rows = (await here.connection.execute(place_statements.OF_MANY, here.names | {"of_thread": thread})).all()
    open_ = [row for row in rows if row.settled_at is None]
    waiting = next((row for row in open_ if row.status == Status.PENDING or row.due <= here.now), None)
    if waiting is None:
        due = max((row.settled_at for row in rows if row.settled_at), default=here.now) + EDIT_GAP
        key = f"{thread}/{len(rows)}@{here.place};edit"
        new = await _row(here, key, DeliveryAction.EDIT, max(due, here.now), rows[0].id)
        number = int((await here.connection.execute(place_statements.NEW, new)).scalar_one())
    else:
        number, due = waiting.id, waiting.due
    await _tell_in(here, ids, number)
    if due > here.now or any(row.id != number for row in open_):
        return []
    await _word_anew(here, number, thread)
    return [number]


async def _word_anew(here: _Place, number: int, thread: str) -> None:
    """Word the batch message again, with the present state of all its incidents."""
    rows = (await here.connection.execute(place_statements.TOLD_THERE, here.names | {"of_thread": thread})).all()
    await _word(here, number, thread, rows, late=False, first=False)


async def _word(
    here: _Place, number: int, thread: str, rows: Sequence[Row[Any]], *, late: bool, first: bool = True
) -> None:
    example = (await here.connection.execute(place_statements.EXAMPLE, {"number": rows[0].id})).one()
    rows = sorted(rows, key=lambda row: (row.began or row.queued_at, row.id))
    lines = tuple(
        BatchItem(
            r.thread, r.line, bool(r.ends), r.causes or (), r.began, r.happened, well=r.ends != ChangeKind.UNWATCHED
        )
        for r in rows
    )
    since, deferred = min(row.queued_at for row in rows), any(row.deferred for row in rows)
    key = f"{thread}/{number}"
    notice = here.word(Batch(key, thread, here.place, lines, example.notice.style, since, late, deferred, first))
    await here.connection.execute(
        place_statements.REWORD, {"number": number, "notice": notice, "title": notice.words.title}
    )


async def _supersede(here: _Place, ids: list[int]) -> None:
    for some in _parts(ids):
        await here.connection.execute(place_statements.SUPERSEDE, {"ids": some, "now": here.now})


async def _tell_in(here: _Place, ids: list[int], number: int) -> None:
    for some in _parts(ids):
        await here.connection.execute(place_statements.TELL_IN, {"ids": some, "number": number})


async def _row(here: _Place, key: str, act: DeliveryAction, due: datetime, like: int) -> dict[str, Any]:
    """The columns that all batch rows share; the text follows when the contents are known."""
    example = (await here.connection.execute(place_statements.EXAMPLE, {"number": like})).one()
    return {
        "key": key,
        "kind": here.place.kind,
        "place": here.place.place,
        "thread": key.partition("@")[0].partition("/")[0],
        "act": act.value,
        "audience": example.audience,
        "title": "",
        "notice": example.notice,
        "status": Status.PENDING.value,
        "due": due,
        "lease": 0,
        "attempts": 0,
        "unsure": False,
        "why": None,
        "queued_at": here.now,
    }
