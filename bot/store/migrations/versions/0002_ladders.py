"""Ladders: by when a place must have taken a delivery, and whose next rung gets it if not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0002"
down_revision = "0001"

RUNNING = sa.text("deadline IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("ends", sa.Text()))
        table.add_column(sa.Column("ladders", sa.Text()))
        table.add_column(sa.Column("deadline", Utc()))
    op.create_index("running_deadlines", "deliveries", ["deadline"], sqlite_where=RUNNING, postgresql_where=RUNNING)
