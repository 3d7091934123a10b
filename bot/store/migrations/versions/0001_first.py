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


def required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    services()
    incidents()
    changes()
    deliveries()
    subscriptions()
    results()
    op.create_table("seen", required("key", sa.Text()), required("at", Utc()), sa.PrimaryKeyConstraint("key"))
    op.create_table(
        "memory", required("name", sa.Text()), required("value", sa.Text()), sa.PrimaryKeyConstraint("name")
    )


def services() -> None:
    op.create_table(
        "services",
        required("id", sa.Text()),
        required("version", sa.BigInteger()),
        required("state", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )


def incidents() -> None:
    op.create_table(
        "incidents",
        required("id", sa.Text()),
        required("service", sa.Text()),
        required("number", sa.Integer()),
        required("since", Utc()),
        sa.Column("until", Utc()),
        required("health", sa.Integer()),
        required("worst", sa.Integer()),
        required("confidence", sa.Integer()),
        required("retracted", sa.Boolean()),
        required("json", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("service", "number"),
    )
    op.create_index(
        "one_open_incident_per_service",
        "incidents",
        ["service"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_incidents_since", "incidents", ["since"])


def changes() -> None:
    op.create_table(
        "changes",
        required("incident", sa.Text()),
        required("step", sa.Integer()),
        required("kind", sa.Text()),
        required("at", Utc()),
        required("by", sa.Text()),
        required("json", sa.Text()),
        sa.PrimaryKeyConstraint("incident", "step"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
    )


def deliveries() -> None:
    op.create_table(
        "deliveries",
        required("id", Id),
        required("key", sa.Text()),
        required("kind", sa.Text()),
        required("place", sa.Text()),
        required("thread", sa.Text()),
        required("act", sa.Text()),
        required("audience", sa.Text()),
        required("title", sa.Text()),
        required("notice", sa.Text()),
        required("status", sa.Text()),
        required("due", Utc()),
        required("lease", sa.Integer()),
        required("attempts", sa.Integer()),
        required("unsure", sa.Boolean()),
        sa.Column("ref", sa.Text()),
        required("why", sa.Text()),
        required("queued_at", Utc()),
        sa.Column("settled_at", Utc()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_deliveries_thread_kind_place_id", "deliveries", ["thread", "kind", "place", "id"])
    op.create_index(
        "unfinished_deliveries",
        "deliveries",
        ["kind", "due", "id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("ix_deliveries_kind_status", "deliveries", ["kind", "status"])


def subscriptions() -> None:
    op.create_table(
        "subscriptions",
        required("kind", sa.Text()),
        required("place", sa.Text()),
        required("wish", sa.Text()),
        required("by", sa.Text()),
        required("at", Utc()),
        sa.PrimaryKeyConstraint("kind", "place"),
    )


def results() -> None:
    op.create_table(
        "results",
        required("id", Id),
        required("service", sa.Text()),
        required("at", Utc()),
        required("route", sa.Text()),
        required("outcome", sa.Text()),
        required("why", sa.Text()),
        sa.Column("took", sa.BigInteger()),
        required("reused", sa.Boolean()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_results_service_at", "results", ["service", "at"])
