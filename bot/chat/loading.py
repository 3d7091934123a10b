"""Reads from the database what a command's row declares, before the command runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from bot.chat import delivery_log
from bot.chat.access import Access
from bot.chat.context import CommandContext, KnownRooms, Load
from bot.incidents.overview import past
from bot.incidents.recorder import LONG_AGO, Recorder
from bot.model import DRILL, Trail

AUDIT_ENTRIES = 10
A_DAY = timedelta(days=1)

Loader = Callable[[Recorder, Access, CommandContext], Awaitable[CommandContext]]


async def load(loads: Iterable[Load], recorder: Recorder, access: Access, context: CommandContext) -> CommandContext:
    """Fill in the parts that are asked for. May raise StoreUnavailable."""
    wanted = tuple(loads)
    for part in wanted:
        context = await LOADERS[part](recorder, access, context)
    # Rounds go on while the database is read: the command sees each service as it is now.
    return replace(context, overview=recorder.refreshed(context.overview)) if wanted else context


async def trail(recorder: Recorder, asked: str) -> Trail | None:
    """How "x#17" was notified, or the newest incident of the service "x", or the last drill; None where there is none."""
    incident = await recorder.store.results.incident(asked)
    last_drill = await recorder.store.subscriptions.recall(DRILL) if incident is None and asked == DRILL else None
    thread = incident.id if incident else last_drill
    if thread is None:
        return None
    name = recorder.service(incident.service).name if incident else ""
    return Trail(incident, name, await recorder.store.deliveries.of_incident(thread), recorder.readers)


async def _incidents(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    asked = context.service.id if context.service and not context.service.channel else ""
    known = await past(recorder.store, recorder.settings, context.since, asked)
    return replace(context, overview=replace(context.overview, recent=known.incidents, outages=known.outages))


async def _coverage(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    unseen = await recorder.unseen(context.since)
    return replace(context, overview=replace(context.overview, unseen=unseen))


async def _answer_time(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    """Of the service that the words name."""
    service = context.service
    if service is None or service.channel:
        return context
    average = (await recorder.store.rollups.figures(service.id, context.since)).average
    answering = {service.id: average} if average else {}
    return replace(context, overview=replace(context.overview, answering=answering))


async def _trail(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    """Of the incident that the words name, else of the newest."""
    asked = delivery_log.incident(context) or await _newest(recorder, context)
    return replace(context, trail=await trail(recorder, asked)) if asked else context


async def _newest(recorder: Recorder, context: CommandContext) -> str:
    """The newest incident of any service, not of Tocsin itself; empty where there is none."""
    services = tuple(recorder.settings.services)
    found = await recorder.store.results.incidents(context.since, services=services, limit=1) if services else ()
    return found[0].id if found else ""


async def _rooms(recorder: Recorder, access: Access, context: CommandContext) -> CommandContext:
    allowed = await access.read(asyncio.get_running_loop().time())
    return replace(context, rooms=KnownRooms(allowed, access.named, recorder.settings.public))


async def _audit(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    return replace(context, audit=await recorder.store.audit_log.newest(AUDIT_ENTRIES))


async def _digest_times(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    """When each digest comes to the place that asks."""
    coming = await recorder.store.digests.coming()
    return replace(
        context, digest_times={one.digest: one.nominal for one in coming if one.destination == context.ask.where}
    )


async def _digest_now(recorder: Recorder, _: Access, context: CommandContext) -> CommandContext:
    """What the digest that is named is made of: as much time as each one covers, up to now."""
    digests = context.digests
    found = digests.find(context.phrase) or (None if context.words else digests.only)
    if found is None:
        return context
    covers, now = found.covers, context.ask.at
    if covers is None:
        coming = [one for one in await recorder.store.digests.coming() if one.digest == found.name]
        covers = max((one.nominal - one.since for one in coming), default=A_DAY)
    since = now - min(covers, LONG_AGO / 2)
    earlier = since - (now - since)  # figures are compared with those before
    return replace(context, digest_now=(since, replace(await recorder.overview(earlier), at=now)))


LOADERS: dict[Load, Loader] = {
    Load.INCIDENTS: _incidents,
    Load.COVERAGE: _coverage,
    Load.ANSWER_TIME: _answer_time,
    Load.TRAIL: _trail,
    Load.ROOMS: _rooms,
    Load.AUDIT: _audit,
    Load.DIGEST_TIMES: _digest_times,
    Load.DIGEST_NOW: _digest_now,
}
