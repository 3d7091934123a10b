"""Migration to the present schema when a database is opened. Alembic's scripts are in `versions`, one file for each
change of the schema, named by the next number.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.contracts import StoreUnavailable
from bot.store.engine import lock_schema
from bot.store.schema import metadata

MIGRATIONS = Path(__file__).parent
# Every table with each of its columns. SQLAlchemy's inspector asks for each table apart, which takes most of a start.
COLUMNS = {
    "sqlite": text(
        "SELECT made.name, its.name FROM sqlite_master AS made JOIN pragma_table_xinfo(made.name) AS its"
        " WHERE made.type = 'table'"
    ),
    "postgresql": text(
        "SELECT made.relname, its.attname FROM pg_class AS made JOIN pg_attribute AS its ON its.attrelid = made.oid"
        " WHERE made.relkind IN ('r', 'p') AND made.relnamespace = current_schema()::regnamespace"
        " AND its.attnum > 0 AND NOT its.attisdropped"
    ),
}


def latest() -> str:
    """The newest revision, such as "0001"."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def upgrade(connection: AsyncConnection) -> None:
    """Run the missing migrations in `connection`'s transaction. Raise StoreUnavailable for an unknown schema."""
    await lock_schema(connection)
    current = await connection.run_sync(_current)
    if current > latest():
        raise StoreUnavailable(
            f"a newer Tocsin wrote this database, or one from before the first release (its schema is {current}, this one "
            f"knows {latest()}): upgrade Tocsin, or start with a new database"
        )
    if current < latest():
        await connection.run_sync(_upgrade)
    if missing := await connection.run_sync(_missing):
        raise StoreUnavailable(
            f"this database lacks {missing}, which its schema {latest()} has: it was made by a version between two "
            "releases, or altered by hand; put back a backup, or start with a new database"
        )


def _missing(connection: Connection) -> str:
    """The first missing table or column, such as "deliveries.reminder"; "" if none is."""
    found: dict[str, set[str]] = {}
    for name, column_name in connection.execute(COLUMNS[connection.dialect.name]):
        found.setdefault(name, set()).add(column_name)
    for name, table in metadata.tables.items():
        if name not in found:
            return name
        for column in table.columns:
            if column.name not in found[name]:
                return f"{name}.{column.name}"
    return ""


async def is_empty(connection: AsyncConnection) -> bool:
    """Whether no Tocsin has ever written here."""
    return not await connection.run_sync(_current)


def _current(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 12 MB, needed only on the first start after an upgrade
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
