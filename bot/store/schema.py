"""The tables. A change here needs a new file in `migrations/versions`, named by the next number."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from bot.model import Change, Incident, Notice, ServiceState, SubscriptionFilter, Window
from bot.store.columns import Json, Said, Utc

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)
Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up an INTEGER key only

OPEN = text("until IS NULL AND NOT retracted")
UNFINISHED = text("settled_at IS NULL")  # no bound value: only then does SQLite use a partial index
RUNNING = text("deadline IS NOT NULL")

services = Table(
    "services",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),  # counts writes: whoever read an older one has to decide again
    Column("state", Json(ServiceState), nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),  # "x#17"
    Column("service", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc),
    Column("health", Integer, nullable=False),
    Column("worst", Integer, nullable=False),
    Column("confidence", Integer, nullable=False),
    Column("retracted", Boolean, nullable=False),
    Column("json", Json(Incident), nullable=False),
    UniqueConstraint("service", "number"),
    Index("one_open_incident_per_service", "service", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    Index(None, "since"),
)

changes = Table(
    "changes",
    metadata,
    Column("incident", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", Said, nullable=False),
    Column("json", Json(Change), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),  # of the channel
    Column("place", Text, nullable=False),
    Column("thread", Text, nullable=False),  # with kind and place: the lane
    Column("act", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("title", Said, nullable=False),
    Column("notice", Json(Notice), nullable=False),
    Column("status", Text, nullable=False),
    Column("due", Utc, nullable=False),  # from when it may be claimed; while sending, that is when the lease runs out
    Column("lease", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("ref", Said),
    Column("why", Said, nullable=False),
    Column("queued_at", Utc, nullable=False),
    Column("settled_at", Utc),  # None: unfinished
    Column("ends", Text),  # what kind of ending it tells
    Column("ladders", Json(tuple[str, ...])),  # the audiences whose next rung gets it ...
    Column("deadline", Utc),  # ... then; None: taken, or the next rung has been seen to
    Column("deferred", Boolean, nullable=False, server_default=false()),  # kept back for the place's quiet hours
    Column("told_in", Id),  # the one message that tells this one too: it shares its fate
    Column("leads", Boolean, nullable=False, server_default=false()),  # the thread's first message there, from it on
    Column(
        "reminder", Boolean, nullable=False, server_default=false()
    ),  # worth nothing once there is something newer to say
    Column(
        "line", Said, nullable=False, server_default=""
    ),  # the notice in one line: what a message that tells of many needs ...
    Column("causes", Json(tuple[str, ...])),  # ... without reading thousands of notices
    Column("began", Utc),  # the incident
    Column("happened", Utc),  # what is told of it
    Index(None, "thread", "kind", "place", "id"),
    Index("unfinished_places", "place", "kind", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index(None, "settled_at"),
    Index("unfinished_deliveries", "kind", "due", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index(None, "kind", "status"),
    Index("running_deadlines", "deadline", sqlite_where=RUNNING, postgresql_where=RUNNING),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("filter", Json(SubscriptionFilter), nullable=False),
    Column("by", Said, nullable=False),
    Column("at", Utc, nullable=False),
)

series = Table(  # what is looked at again and again: a route of a service
    "series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("service", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("at", Utc),  # its newest result that is rolled up ...
    Column("outcome", Integer),  # ... which tells of the time until the next
    UniqueConstraint("service", "route"),
)

results = Table(  # millions, written once and read once: numbers without an index, in the order of their coming
    "results",
    metadata,
    Column("id", Id, primary_key=True),
    Column("series", Integer, nullable=False),  # without a foreign key: it would be looked up for each row
    Column("at", Utc, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("why", Said),  # of what is not good
    Column("took", BigInteger),  # microseconds
    Column("reused", Boolean, nullable=False),
    sqlite_autoincrement=True,  # a number is never given twice: by it the roll-up knows how far it went
)


def rollup(name: str) -> Table:
    """A bucket of time in the life of a route. What its times leave of the bucket is unknown; a missing row is all unknown."""
    return Table(
        name,
        metadata,
        Column("series", Integer, primary_key=True, autoincrement=False),
        Column("at", Utc, primary_key=True),  # its beginning
        Column("up", Integer, nullable=False),  # milliseconds
        Column("slow", Integer, nullable=False),
        Column("down", Integer, nullable=False),
        Column("answers", Integer, nullable=False),  # in how many rounds it answered, ...
        Column("took", BigInteger, nullable=False),  # ... how long that took in all, in milliseconds ...
        Column("slowest", Integer, nullable=False),  # ... and at most
        sqlite_with_rowid=False,
    )


five_minutes, hours = rollup("five_minutes"), rollup("hours")

stretches = Table(  # in which a service was seen without a break
    "stretches",
    metadata,
    Column("service", Text, primary_key=True),
    Column("since", Utc, primary_key=True),
    Column("until", Utc, nullable=False),
    Column("going", Boolean, nullable=False),  # it is not over: the newest round that is rolled up saw it
    Index(None, "until"),
)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # what its origin calls it
    Column("over_at", Utc),  # when it is over; None: nobody knows
    Column("json", Json(Window), nullable=False),
)

done_once = Table("done_once", metadata, Column("key", Text, primary_key=True), Column("at", Utc, nullable=False))

key_value = Table("key_value", metadata, Column("name", Text, primary_key=True), Column("value", Said, nullable=False))

reports = Table(
    "reports",
    metadata,
    Column("service", Text, primary_key=True),
    Column("who", Text, primary_key=True),  # a hash
    Column("hour", Utc, primary_key=True),  # of the clock: a person has one word in it
    Column("at", Utc, nullable=False),
    Column("way", Text, nullable=False),
    Column("what", Said, nullable=False),
    Column("works", Boolean, nullable=False),
    Index(None, "at"),
)

report_hours = Table(
    "report_hours",
    metadata,
    Column("service", Text, primary_key=True),
    Column("hour", Utc, primary_key=True),
    Column("people", Integer, nullable=False),
)

heartbeats = Table(  # the columns are the fields of `Heartbeat`, in their order
    "heartbeats",
    metadata,
    Column("service", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("rhythm", Text, nullable=False),
    Column("since", Utc, nullable=False),
    Column("done_at", Utc),
    Column("begun_at", Utc),
    Column("failed_at", Utc),
    Column("code", Integer),
)

rooms = Table(  # in which people may ask, for an admin said so
    "rooms",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("by", Said, nullable=False),
    Column("name", Said, nullable=False),
    Column("at", Utc, nullable=False),
)

audit = Table(  # what people ordered
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("who", Said, nullable=False),
    Column("name", Said, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Said, nullable=False),
    Column("what", Said, nullable=False),
)
