"""Roll-ups; and the results of checks as numbers, a third of their size."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME_THEM = "INSERT INTO series (service, route) SELECT DISTINCT service, route FROM words ORDER BY service, route"
KEEP_THEM = """INSERT INTO results (series, at, outcome, why, took, reused)
    SELECT series.id, words.at,
        CASE words.outcome WHEN 'good' THEN 0 WHEN 'slow' THEN 1 WHEN 'bad' THEN 2 ELSE 3 END,
        CASE words.why WHEN '' THEN NULL ELSE words.why END, words.took, words.reused
    FROM words JOIN series ON series.service = words.service AND series.route = words.route ORDER BY words.id"""


def required(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **more)


def upgrade() -> None:
    op.drop_index("ix_results_service_at", "results")
    op.rename_table("results", "words")
    if op.get_bind().dialect.name == "postgresql":  # there they keep the name of their table, which is wanted again
        op.execute("ALTER INDEX pk_results RENAME TO pk_words")
        op.execute("ALTER SEQUENCE results_id_seq RENAME TO words_id_seq")
    series()
    results()
    rollup("five_minutes")
    rollup("hours")
    op.create_table(
        "stretches",
        required("service", sa.Text()),
        required("since", Utc()),
        required("until", Utc()),
        required("going", sa.Boolean()),
        sa.PrimaryKeyConstraint("service", "since"),
    )
    op.create_index("ix_stretches_until", "stretches", ["until"])
    op.execute(NAME_THEM)
    op.execute(KEEP_THEM)
    op.drop_table("words")


def series() -> None:
    op.create_table(
        "series",
        required("id", Id),
        required("service", sa.Text()),
        required("route", sa.Text()),
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
        required("up", sa.Integer()),
        required("slow", sa.Integer()),
        required("down", sa.Integer()),
        required("answers", sa.Integer()),
        required("took", sa.BigInteger()),
        required("slowest", sa.Integer()),
        sa.PrimaryKeyConstraint("series", "at"),
        sqlite_with_rowid=False,
    )
