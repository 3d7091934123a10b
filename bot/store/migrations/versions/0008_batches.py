"""The threads of messages that tell of many have a name that no service can have."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

# A service may be called "many": what is an incident's is left as it is.
RENAME = """UPDATE deliveries SET thread = '#' || thread, notice = replace(notice, '"thread":"many#', '"thread":"#many#')
    WHERE thread LIKE 'many#%' AND thread NOT IN (SELECT id FROM incidents)"""


def upgrade() -> None:
    op.execute(RENAME)
