"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("until IS NULL AND NOT retracted")
UNFINISHED = sa.text("settled_at IS NULL")
RUNNING = sa.text("deadline IS NOT NULL")


def required(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def required_all(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [required(name, kind) for name in names]


def nullable(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def upgrade() -> None:
    services()
    incidents()
    changes()
    deliveries()
    indexes_of_deliveries()
    subscriptions()
    place_settings()
    series()
    results()
    rollup("five_minutes")
    rollup("hours")
    stretches()
    maintenance_windows()
    done_once()
    key_value()
    reports()
    heartbeats()
    rooms()
    cluster()
    of_witnesses()
    audit()
    digest_runs()
    documents()
    digest_readers()


def services() -> None:
    op.create_table(
        "services",
        required("id", sa.Text()),
        required("version", sa.BigInteger()),
        required("state", sa.Text()),
        required("written", sa.BigInteger(), server_default="0"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_services_written", "services", ["written"])
    op.create_table(
        "news",
        required("subject", sa.Text()),
        required("written", sa.BigInteger()),
        sa.PrimaryKeyConstraint("subject"),
    )


def incidents() -> None:
    op.create_table(
        "incidents",
        *required_all(sa.Text(), "id", "service"),
        required("number", sa.Integer()),
        required("since", Utc()),
        sa.Column("until", Utc()),
        *required_all(sa.Integer(), "health", "worst", "confidence"),
        required("retracted", sa.Boolean()),
        required("json", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("service", "number"),
    )
    op.create_index("ix_incidents_since", "incidents", ["since"])
    op.create_index(
        "one_open_incident_per_service", "incidents", ["service"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def changes() -> None:
    op.create_table(
        "changes",
        required("incident", sa.Text()),
        required("step", sa.Integer(), autoincrement=False),
        required("kind", sa.Text()),
        required("at", Utc()),
        *required_all(sa.Text(), "by", "json"),
        sa.PrimaryKeyConstraint("incident", "step"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
    )


def deliveries() -> None:
    op.create_table(
        "deliveries",
        required("id", Id),
        *required_all(sa.Text(), "key", "kind", "place", "thread", "act", "audience", "title", "notice", "status"),
        required("due", Utc()),
        *required_all(sa.Integer(), "lease", "attempts"),
        required("unsure", sa.Boolean()),
        sa.Column("ref", sa.Text()),
        required("why", sa.Text()),
        required("queued_at", Utc()),
        sa.Column("settled_at", Utc()),
        *nullable(sa.Text(), "ends", "ladders"),
        sa.Column("deadline", Utc()),
        required("deferred", sa.Boolean(), server_default=sa.false()),
        sa.Column("told_in", Id),
        required("leads", sa.Boolean(), server_default=sa.false()),
        required("reminder", sa.Boolean(), server_default=sa.false()),
        required("line", sa.Text(), server_default=""),
        required("detail", sa.Text(), server_default=""),
        sa.Column("causes", sa.Text()),
        *nullable(Utc(), "began", "happened"),
        sa.Column("document", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )


def indexes_of_deliveries() -> None:
    op.create_index("ix_deliveries_kind_status", "deliveries", ["kind", "status"])
    op.create_index("ix_deliveries_settled_at", "deliveries", ["settled_at"])
    op.create_index("ix_deliveries_thread_kind_place_id", "deliveries", ["thread", "kind", "place", "id"])
    op.create_index("running_deadlines", "deliveries", ["deadline"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_index(
        "unfinished_deliveries",
        "deliveries",
        ["kind", "due", "id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "unfinished_places", "deliveries", ["place", "kind"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )


def subscriptions() -> None:
    op.create_table(
        "subscriptions",
        *required_all(sa.Text(), "kind", "place", "filters", "by"),
        required("at", Utc()),
        sa.PrimaryKeyConstraint("kind", "place"),
    )


def place_settings() -> None:
    op.create_table(
        "place_settings",
        *required_all(sa.Text(), "kind", "place", "settings"),
        sa.PrimaryKeyConstraint("kind", "place"),
    )


def series() -> None:
    op.create_table(
        "series",
        required("id", Id),
        *required_all(sa.Text(), "service", "route"),
        sa.Column("at", Utc()),
        sa.Column("outcome", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("service", "route"),
    )


def results() -> None:
    op.create_table(
        "results",
        required("id", Id),
        required("series", sa.Integer()),
        required("at", Utc()),
        required("outcome", sa.Integer()),
        sa.Column("why", sa.Text()),
        sa.Column("took", sa.BigInteger()),
        required("reused", sa.Boolean()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def rollup(name: str) -> None:
    op.create_table(
        name,
        required("series", sa.Integer(), autoincrement=False),
        required("at", Utc()),
        *required_all(sa.Integer(), "up", "slow", "down", "answers"),
        required("took", sa.BigInteger()),
        required("slowest", sa.Integer()),
        sa.PrimaryKeyConstraint("series", "at"),
        sqlite_with_rowid=False,
    )


def stretches() -> None:
    op.create_table(
        "stretches",
        required("service", sa.Text()),
        *required_all(Utc(), "since", "until"),
        required("going", sa.Boolean()),
        sa.PrimaryKeyConstraint("service", "since"),
    )
    op.create_index("ix_stretches_until", "stretches", ["until"])


def maintenance_windows() -> None:
    op.create_table(
        "maintenance_windows",
        required("id", Id),
        required("key", sa.Text()),
        sa.Column("over_at", Utc()),
        required("json", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )


def done_once() -> None:
    op.create_table(
        "done_once",
        required("key", sa.Text()),
        required("at", Utc()),
        sa.PrimaryKeyConstraint("key"),
    )


def key_value() -> None:
    op.create_table(
        "key_value",
        *required_all(sa.Text(), "name", "value"),
        sa.PrimaryKeyConstraint("name"),
    )


def reports() -> None:
    op.create_table(
        "reports",
        *required_all(sa.Text(), "service", "who"),
        *required_all(Utc(), "hour", "at"),
        *required_all(sa.Text(), "way", "what"),
        required("works", sa.Boolean()),
        required("origin", sa.Text()),
        sa.PrimaryKeyConstraint("service", "who", "hour"),
    )
    op.create_index("ix_reports_at", "reports", ["at"])
    op.create_table(
        "report_hours",
        required("service", sa.Text()),
        required("hour", Utc()),
        required("people", sa.Integer()),
        sa.PrimaryKeyConstraint("service", "hour"),
    )


def heartbeats() -> None:
    op.create_table(
        "heartbeats",
        *required_all(sa.Text(), "service", "route", "token", "rhythm"),
        required("since", Utc()),
        *nullable(Utc(), "done_at", "begun_at", "failed_at"),
        sa.Column("code", sa.Integer()),
        sa.PrimaryKeyConstraint("service", "route"),
    )


def rooms() -> None:
    op.create_table(
        "rooms",
        *required_all(sa.Text(), "kind", "place", "by", "name"),
        required("at", Utc()),
        sa.PrimaryKeyConstraint("kind", "place"),
    )


def cluster() -> None:
    op.create_table(
        "nodes",
        required("name", sa.Text()),
        *(required(name, sa.Text()) for name in ("owner", "process")),
        required("seen_at", Utc()),
        *(required(name, sa.Text()) for name in ("version", "config_hash", "services", "roles")),
        required("blind", sa.Boolean()),
        sa.PrimaryKeyConstraint("name"),
    )
    for table, key in (
        ("shards", required("number", sa.Integer(), autoincrement=False)),
        ("roles", required("name", sa.Text())),
    ):
        op.create_table(
            table,
            key,
            required("owner", sa.Text()),
            required("epoch", sa.BigInteger()),
            required("until", Utc()),
            sa.PrimaryKeyConstraint(key.name),
        )


def of_witnesses() -> None:
    op.create_table(
        "witness_readings",
        *(required(name, sa.Text()) for name in ("service", "route", "location")),
        *(required(name, sa.Float()) for name in ("at", "written")),
        required("json", sa.Text()),
        sa.PrimaryKeyConstraint("service", "route", "location"),
    )
    op.create_index("ix_witness_readings_written", "witness_readings", ["written"])
    op.create_table(
        "witnesses",
        required("location", sa.Text()),
        *(required(name, sa.Float()) for name in ("at", "written")),
        required("blind", sa.Boolean()),
        sa.PrimaryKeyConstraint("location"),
    )
    op.create_table(
        "witness_requests",
        required("service", sa.Text()),
        required("written", sa.Float()),
        sa.PrimaryKeyConstraint("service"),
    )


def audit() -> None:
    op.create_table(
        "audit",
        required("id", Id),
        required("at", Utc()),
        *required_all(sa.Text(), "who", "name", "kind", "place", "what"),
        sa.PrimaryKeyConstraint("id"),
    )


def digest_runs() -> None:
    op.create_table(
        "digest_runs",
        required("id", Id),
        *required_all(sa.Text(), "digest", "kind", "place"),
        *required_all(Utc(), "nominal", "since"),
        required("schedule", sa.Text()),
        sa.Column("settled_at", Utc()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "kind", "place", "nominal"),
    )
    op.create_index(
        "one_coming_digest",
        "digest_runs",
        ["digest", "kind", "place"],
        unique=True,
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("coming_digests", "digest_runs", ["nominal"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED)
    op.create_index("ix_digest_runs_settled_at", "digest_runs", ["settled_at"])


def documents() -> None:
    op.create_table(
        "documents",
        required("name", sa.Text()),
        required("at", Utc()),
        required("body", sa.Text()),
        sa.PrimaryKeyConstraint("name"),
    )


def digest_readers() -> None:
    op.create_table(
        "digest_readers",
        required("id", Id),
        *required_all(sa.Text(), "digest", "kind", "place", "by"),
        required("at", Utc()),
        *required_all(sa.Text(), "state", "link", "nonce"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "kind", "place"),
        sa.UniqueConstraint("link"),
    )
    op.create_table(
        "undeliverable",
        *required_all(sa.Text(), "kind", "place"),
        required("at", Utc()),
        required("why", sa.Text()),
        sa.PrimaryKeyConstraint("kind", "place"),
    )
