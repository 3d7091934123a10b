"""Messages that tell of many, quiet hours, and threads that begin anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0003"
down_revision = "0002"

UNFINISHED = sa.text("settled_at IS NULL")
FIRST_LEADS = """UPDATE deliveries SET leads = true WHERE id IN (
    SELECT min(id) FROM deliveries WHERE act = 'post' AND status = 'sent' GROUP BY thread, kind, place)"""


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("deferred", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("told_in", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
        table.add_column(sa.Column("leads", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("passing", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("line", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("causes", sa.Text()))
        table.add_column(sa.Column("began", Utc()))
        table.add_column(sa.Column("happened", Utc()))
    op.create_index(
        "unfinished_places", "deliveries", ["place", "kind"], sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_index("ix_deliveries_settled_at", "deliveries", ["settled_at"])
    op.execute(FIRST_LEADS)
