"""The tables. A change here needs a new file in `migrations/versions`, named by the next number."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
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

from bot.model import (
    Change,
    Document,
    Incident,
    Notice,
    PlaceSettings,
    Reading,
    ServiceState,
    SubscriptionFilter,
    Window,
)
from bot.store.columns import Json, Said, Utc, Why

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)
Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite only counts up an INTEGER key

OPEN = text("until IS NULL AND NOT retracted")
UNFINISHED = text("settled_at IS NULL")  # a literal: SQLite uses a partial index only without bound values
RUNNING = text("deadline IS NOT NULL")

services = Table(
    "services",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),  # counts writes: a decision on an older version is made again
    Column("state", Json(ServiceState), nullable=False),
    Column("written", BigInteger, nullable=False, server_default="0"),  # by this transaction
    Index(None, "written"),
)

news = Table(  # what else has changed
    "news",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("written", BigInteger, nullable=False),
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
    Column("kind", Text, nullable=False),  # the channel's
    Column("place", Text, nullable=False),
    Column("thread", Text, nullable=False),  # with kind and place: the lane
    Column("act", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("title", Said, nullable=False),
    Column("notice", Json(Notice), nullable=False),
    Column("status", Text, nullable=False),
    Column("due", Utc, nullable=False),  # when it may be claimed; while sending, when the lease expires
    Column("lease", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("ref", Said),
    Column("why", Why, nullable=False),
    Column("queued_at", Utc, nullable=False),
    Column("settled_at", Utc),  # None while unfinished
    Column("ends", Text),  # the kind of ending it reports
    Column("ladders", Json(tuple[str, ...])),  # the audiences whose next rung gets it ...
    Column("deadline", Utc),  # ... at this time; None: taken, or handed on
    Column("deferred", Boolean, nullable=False, server_default=false()),  # held back for the destination's quiet hours
    Column("told_in", Id),  # the batch message that carries it and decides its outcome
    Column("leads", Boolean, nullable=False, server_default=false()),  # the thread's first message there, from now on
    Column("reminder", Boolean, nullable=False, server_default=false()),  # dropped once there is newer news
    Column("line", Said, nullable=False, server_default=""),  # the notice in one line, for batch messages ...
    Column("detail", Said, nullable=False, server_default=""),  # evidence and plan below it
    Column("causes", Json(tuple[str, ...])),  # ... which then need not read thousands of notices
    Column("began", Utc),  # when the incident began
    Column("happened", Utc),  # when the reported change happened
    Column("document", Text),  # of `documents`: the notice's, which is stored once for all its readers
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
    Column("filters", Json(tuple[SubscriptionFilter, ...]), nullable=False),
    Column("by", Said, nullable=False),
    Column("at", Utc, nullable=False),
)

place_settings = Table(  # how people want a place written to
    "place_settings",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("settings", Json(PlaceSettings), nullable=False),
)

series = Table(  # the routes of services, by number
    "series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("service", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("at", Utc),  # time of its newest rolled-up result ...
    Column("outcome", Integer),  # ... and its outcome, which holds until the next result
    UniqueConstraint("service", "route"),
)

results = Table(  # millions of rows, written once and read once: compact, without an index, in the order of arrival
    "results",
    metadata,
    Column("id", Id, primary_key=True),
    Column("series", Integer, nullable=False),  # without a foreign key, which would be checked for each row
    Column("at", Utc, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("why", Why),  # the reason, if the outcome is not good
    Column("took", BigInteger),  # microseconds
    Column("reused", Boolean, nullable=False),
    sqlite_autoincrement=True,  # numbers are never reused: they mark the roll-up's progress
)


def rollup(name: str) -> Table:
    """A bucket of time of one route. Time missing in its sums, or a missing row, is unknown."""
    return Table(
        name,
        metadata,
        Column("series", Integer, primary_key=True, autoincrement=False),
        Column("at", Utc, primary_key=True),  # the beginning of the bucket
        Column("up", Integer, nullable=False),  # milliseconds
        Column("slow", Integer, nullable=False),
        Column("down", Integer, nullable=False),
        Column("answers", Integer, nullable=False),  # rounds in which it answered, ...
        Column("took", BigInteger, nullable=False),  # ... their total time in milliseconds ...
        Column("slowest", Integer, nullable=False),  # ... and the longest
        sqlite_with_rowid=False,
    )


five_minutes, hours = rollup("five_minutes"), rollup("hours")

stretches = Table(  # in which a service was seen without a gap
    "stretches",
    metadata,
    Column("service", Text, primary_key=True),
    Column("since", Utc, primary_key=True),
    Column("until", Utc, nullable=False),
    Column("going", Boolean, nullable=False),  # not over: the newest rolled-up round belongs to it
    Index(None, "until"),
)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # its origin's name for it
    Column("over_at", Utc),  # None: its end is unknown
    Column("json", Json(Window), nullable=False),
)

done_once = Table("done_once", metadata, Column("key", Text, primary_key=True), Column("at", Utc, nullable=False))

key_value = Table("key_value", metadata, Column("name", Text, primary_key=True), Column("value", Said, nullable=False))

reports = Table(
    "reports",
    metadata,
    Column("service", Text, primary_key=True),
    Column("who", Text, primary_key=True),  # a hash
    Column("hour", Utc, primary_key=True),  # clock hour: a person has one report in it
    Column("at", Utc, nullable=False),
    Column("way", Text, nullable=False),
    Column("what", Said, nullable=False),
    Column("works", Boolean, nullable=False),
    Column("origin", Text, nullable=False),  # a hash of the address it came from; "" for people of a chat
    Index(None, "at"),
)

report_hours = Table(
    "report_hours",
    metadata,
    Column("service", Text, primary_key=True),
    Column("hour", Utc, primary_key=True),
    Column("people", Integer, nullable=False),
)

heartbeats = Table(  # the columns are the fields of `Heartbeat`, in the same order
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

rooms = Table(  # rooms that admins allowed
    "rooms",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("by", Said, nullable=False),
    Column("name", Said, nullable=False),
    Column("at", Utc, nullable=False),
)

nodes = Table(  # daemons that share this database
    "nodes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),  # the name with the number of its run
    Column("process", Text, nullable=False),  # by which others on its machine know whether it has ended
    Column("seen_at", Utc, nullable=False),  # by the database's clock
    Column("version", Text, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("services", Text, nullable=False),  # those that its config names, as JSON
    Column("roles", Text, nullable=False),  # those that it can play, as JSON
    Column("blind", Boolean, nullable=False),
)

shards = Table(  # shares of the services
    "shards",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),  # "": nobody
    Column("epoch", BigInteger, nullable=False),  # counts the owners
    Column("until", Utc, nullable=False),  # by the database's clock
)

roles = Table(  # what one node does for all: a channel account, the periodic jobs
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", Utc, nullable=False),
)

witness_readings = Table(  # the latest ones, for the nodes that a witness does not report to
    "witness_readings",
    metadata,
    Column("service", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("location", Text, primary_key=True),  # the witness
    Column("at", Float, nullable=False),  # when its check began: seconds since 1970, by the database's clock
    Column("written", Float, nullable=False),
    Column("json", Json(Reading), nullable=False),
    Index(None, "written"),
)

witnesses = Table(  # their last words
    "witnesses",
    metadata,
    Column("location", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("written", Float, nullable=False),
    Column("blind", Boolean, nullable=False),
)

witness_requests = Table(  # services that some node wants all witnesses to look at
    "witness_requests",
    metadata,
    Column("service", Text, primary_key=True),
    Column("written", Float, nullable=False),
)

audit = Table(  # people's orders
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

digest_runs = Table(  # a row for each digest that is due to a recipient, or was: written when the one before is queued
    "digest_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("nominal", Utc, nullable=False),  # when it is due by its schedule, whenever it is sent
    Column("since", Utc, nullable=False),  # the beginning of its period, which ends when it is due
    Column("schedule", Text, nullable=False),  # what it was planned by
    Column("settled_at", Utc),  # when it was queued; None: it is still to come
    UniqueConstraint("digest", "kind", "place", "nominal"),
    Index(
        "one_coming_digest",
        "digest",
        "kind",
        "place",
        unique=True,
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    ),
    Index("coming_digests", "nominal", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    Index(None, "settled_at"),
)

documents = Table(  # the long form of digests: each once, however many readers it has
    "documents",
    metadata,
    Column("name", Text, primary_key=True),  # a hash of the body
    Column("at", Utc, nullable=False),  # when it was first queued
    Column("body", Json(Document), nullable=False),
)

digest_readers = Table(  # who gets a digest besides the config's list
    "digest_readers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("by", Said, nullable=False),
    Column("at", Utc, nullable=False),  # of the last change
    Column("state", Text, nullable=False),  # "asked", "confirmed", "left"
    Column("link", Text, nullable=False, unique=True),  # the name of the reader in links, which tells nothing
    Column("nonce", Text, nullable=False),  # in the link that confirms: another one with each request, none afterwards
    UniqueConstraint("digest", "kind", "place"),
)

undeliverable = Table(  # addresses that no longer exist, as their mail server says
    "undeliverable",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("why", Why, nullable=False),
)
