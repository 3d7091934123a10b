"""The statements of `bot.store.cluster_statements` as SQLite takes them, for nodes that share a file in virtual time.

The connection brings the functions: `clock_timestamp`, `txid_current`, `txid_oldest` and `pg_notify`.
"""

from __future__ import annotations

from sqlalchemy import JSON, bindparam, text

from tests.sim.disk import NEXT

SHARDS = 12  # enough for three nodes, and quick
SOON = "clock_timestamp() + CAST(:lasts * 1000000 AS INTEGER)"
AGE = "(clock_timestamp() - seen_at) / 1e6"
LEFT = "(until - clock_timestamp()) / 1e6"
SEEN = "EXISTS (SELECT 1 FROM nodes WHERE name = :name AND owner = :owner)"


def _lists(statement: str, *names: str):
    return text(statement).bindparams(*(bindparam(name, type_=JSON) for name in names))


def _good(table: str, key: str, these: str, epochs: str) -> str:
    return (
        f"(SELECT json_group_array({key}) FROM {table} WHERE owner = :owner AND until > clock_timestamp() AND EXISTS"
        f" (SELECT 1 FROM json_each(:{these}) AS one JOIN json_each(:{epochs}) AS its ON one.key = its.key"
        f" WHERE one.value = {key} AND its.value = epoch))"
    )


TABLES = (("shards", "number"), ("roles", "name"))
FENCE = _lists(
    f"SELECT {_good('shards', 'number', 'numbers', 'number_epochs')} AS numbers,"
    f" {_good('roles', 'name', 'names', 'name_epochs')} AS names",
    "numbers",
    "number_epochs",
    "names",
    "name_epochs",
).columns(numbers=JSON, names=JSON)

STATEMENTS = {
    "ONE_AT_A_TIME": text("SELECT 1"),
    "NODE": text(f"SELECT name, owner, process, {AGE} AS age FROM nodes WHERE name = :name"),
    "NODES": text(
        f"SELECT name, owner, {AGE} AS age, version, config_hash, roles, blind, services AS named FROM nodes ORDER BY name"
    ),
    "REGISTER": text(
        "INSERT INTO nodes (name, owner, process, seen_at, version, config_hash, services, roles, blind)"
        " VALUES (:name, :owner, :process, clock_timestamp(), :version, :config_hash, :services, :roles, :blind)"
        " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, process = excluded.process,"
        " seen_at = excluded.seen_at, version = excluded.version, config_hash = excluded.config_hash,"
        " services = excluded.services, roles = excluded.roles, blind = excluded.blind"
    ),
    "NEW_SHARDS": text(
        f"WITH RECURSIVE new (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM new WHERE number < {SHARDS - 1})"
        " INSERT OR IGNORE INTO shards (number, owner, epoch, until)"
        " SELECT number, '', 0, clock_timestamp() FROM new"
    ),
    "NEW_ROLES": _lists(
        "INSERT OR IGNORE INTO roles (name, owner, epoch, until)"
        " SELECT value, '', 0, clock_timestamp() FROM json_each(:names)",
        "names",
    ),
    "LONG_GONE": text("DELETE FROM nodes WHERE seen_at < clock_timestamp() - 86400000000"),
    "BEAT": text(
        NEXT.join(
            (
                "UPDATE nodes SET seen_at = clock_timestamp(), blind = :blind WHERE name = :name AND owner = :owner",
                *(f"UPDATE {table} SET until = {SOON} WHERE owner = :owner AND {SEEN}" for table, _ in TABLES),
                "SELECT (SELECT owner FROM nodes WHERE name = :name) AS owner, clock_timestamp() / 1e6 AS now",
            )
        )
    ),
    "LEASES": text(
        f"SELECT number, NULL AS name, owner, epoch, {LEFT} AS lasts FROM shards"
        f" UNION ALL SELECT NULL, name, owner, epoch, {LEFT} FROM roles"
    ),
    "GIVE": tuple(
        _lists(
            f"UPDATE {table} SET owner = '', until = clock_timestamp()"
            f" WHERE owner = :owner AND {key} IN (SELECT value FROM json_each(:shares))",
            "shares",
        )
        for table, key in TABLES
    ),
    "TAKE": tuple(
        _lists(
            f"UPDATE {table} SET owner = :owner, epoch = epoch + 1, until = {SOON}"
            f" WHERE {key} IN (SELECT value FROM json_each(:shares)) AND (owner = '' OR until <= clock_timestamp())"
            f" RETURNING {key}, epoch",
            "shares",
        )
        for table, key in TABLES
    ),
    "CUT_OFF": text("SELECT 1"),  # nobody freezes amid a statement here
    "GUARD": text("SELECT 1"),
    "FENCE": FENCE,
    "GLANCE": FENCE,
    "OLDER": text("SELECT NULL AS value, 0.0 AS now, 0 AS locked"),
}
MARK = text("SELECT txid_oldest()")
