"""Messages that tell of many, quiet hours, threads that begin anew, and providers' limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("deferred", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("told_in", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
        table.add_column(sa.Column("leads", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "holds",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "place", name=op.f("pk_holds")),
    )
