"""What people report, and what jobs that call us have told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("hour", Utc(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("service", "who", "hour", name="pk_reports"),
    )
    op.create_index("ix_reports_at", "reports", ["at"])
    op.create_table(
        "report_hours",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("hour", Utc(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service", "hour", name="pk_report_hours"),
    )
    op.create_table(
        "jobs",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.Column("done_at", Utc()),
        sa.Column("begun_at", Utc()),
        sa.Column("failed_at", Utc()),
        sa.Column("code", sa.Integer()),
        sa.PrimaryKeyConstraint("service", "route", name="pk_jobs"),
    )
