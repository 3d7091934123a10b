"""The statements by which nodes share a PostgreSQL database. All times are its own clock's."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from bot.model.cluster import SHARDS, Share

CHANNEL = "tocsin"  # of NOTIFY
SOON = "clock_timestamp() + make_interval(secs => :lasts)"
AGE = "extract(epoch FROM clock_timestamp() - seen_at)::float8"

# Two that insert the same rows at once may wait for each other, and each for a beat that updates them.
REGISTERING = 0x70C54  # advisory lock, an arbitrary number that nothing else uses
ONE_AT_A_TIME = text(f"SELECT pg_advisory_xact_lock({REGISTERING})")
NODE = text(f"SELECT name, owner, process, {AGE} AS age FROM nodes WHERE name = :name FOR UPDATE")
NODES = text(
    f"SELECT name, owner, {AGE} AS age, version, config_hash, roles, blind, md5(services) AS named FROM nodes ORDER BY name"
)
SERVICES = text("SELECT services FROM nodes WHERE owner = :owner")
REGISTER = text(
    "INSERT INTO nodes (name, owner, process, seen_at, version, config_hash, services, roles, blind)"
    " VALUES (:name, :owner, :process, clock_timestamp(), :version, :config_hash, :services, :roles, :blind)"
    " ON CONFLICT (name) DO UPDATE SET owner = :owner, process = :process, seen_at = clock_timestamp(),"
    " version = :version, config_hash = :config_hash, services = :services, roles = :roles, blind = :blind"
)
NEW_SHARDS = text(
    "INSERT INTO shards (number, owner, epoch, until)"
    f" SELECT number, '', 0, clock_timestamp() FROM generate_series(0, {SHARDS - 1}) AS new (number)"
    " WHERE NOT EXISTS (SELECT FROM shards WHERE shards.number = new.number)"
)
NEW_ROLES = text(
    "INSERT INTO roles (name, owner, epoch, until)"
    " SELECT name, '', 0, clock_timestamp() FROM unnest(CAST(:names AS text[])) AS new (name)"
    " WHERE NOT EXISTS (SELECT FROM roles WHERE roles.name = new.name)"
)
LONG_GONE = text("DELETE FROM nodes WHERE seen_at < clock_timestamp() - interval '1 day'")

# One statement for the sign of life and for both sorts of lease. Other nodes' rows are not touched.
BEAT = text(
    "WITH me AS (UPDATE nodes SET seen_at = clock_timestamp(), blind = :blind"
    " WHERE name = :name AND owner = :owner RETURNING name),"
    f" kept AS (UPDATE shards SET until = {SOON} WHERE owner = :owner AND EXISTS (SELECT FROM me)),"
    f" played AS (UPDATE roles SET until = {SOON} WHERE owner = :owner AND EXISTS (SELECT FROM me))"
    " SELECT (SELECT owner FROM nodes WHERE name = :name) AS owner,"
    " extract(epoch FROM clock_timestamp())::float8 AS now,"
    " set_config('application_name', :session, true), set_config('lock_timeout', '2s', true),"
    " set_config('idle_in_transaction_session_timeout', '10s', true)"
)
LEASES = text(
    "SELECT number, NULL AS name, owner, epoch, extract(epoch FROM until - clock_timestamp())::float8 AS lasts FROM shards"
    " UNION ALL"
    " SELECT NULL, name, owner, epoch, extract(epoch FROM until - clock_timestamp())::float8 FROM roles"
)
GIVE = (
    text("UPDATE shards SET owner = '', until = clock_timestamp() WHERE owner = :owner AND number = ANY(:shares)"),
    text("UPDATE roles SET owner = '', until = clock_timestamp() WHERE owner = :owner AND name = ANY(:shares)"),
)
# What a running transaction of the last owner still holds is skipped, and taken with a later beat.
TAKE = tuple(
    text(
        f"WITH free AS (SELECT {key} FROM {table} WHERE {key} = ANY(:shares)"
        f" AND (owner = '' OR until <= clock_timestamp()) ORDER BY {key} FOR UPDATE SKIP LOCKED)"
        f" UPDATE {table} SET owner = :owner, epoch = epoch + 1, until = {SOON}"
        f" FROM free WHERE {table}.{key} = free.{key} RETURNING {table}.{key}, {table}.epoch"
    )
    for table, key in (("shards", "number"), ("roles", "name"))
)


def parts(shares: Iterable[Share]) -> tuple[list[int], list[str]]:
    """What each of the two statements of GIVE and TAKE is about: the shards and the roles."""
    shares = list(shares)
    return sorted(s for s in shares if isinstance(s, int)), sorted(s for s in shares if isinstance(s, str))


GIVE_ALL = tuple(
    text(f"UPDATE {table} SET owner = '', until = clock_timestamp() WHERE owner = :owner")
    for table in ("shards", "roles")
)
LEAVE = text("DELETE FROM nodes WHERE name = :name AND owner = :owner")
TELL = text(f"SELECT pg_notify('{CHANNEL}', :what)")

# No time-out of the server ends what a frozen node leaves open in mid-statement: it waits for the rest of it. A session
# bears its owner's name while it writes, also behind a pooler.
CUT_OFF = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND pid <> pg_backend_pid() AND application_name = ANY(:sessions)"
    " AND xact_start < clock_timestamp() - interval '2 seconds'"
)

# One round trip at the begin of each write: limits for the transaction of a node that freezes, and those of the claims
# that are still good; their rows stay ours until the commit.
GUARD = text(
    "SELECT set_config('statement_timeout', '15s', true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '10s', true), set_config('application_name', :session, true)"
)
FENCE = text(
    f"{GUARD.text},"
    " ARRAY(SELECT number FROM shards WHERE owner = :owner AND until > clock_timestamp()"
    " AND (number, epoch) IN (SELECT * FROM unnest(CAST(:numbers AS int[]), CAST(:number_epochs AS bigint[])))"
    " ORDER BY number FOR KEY SHARE) AS numbers,"
    " ARRAY(SELECT name FROM roles WHERE owner = :owner AND until > clock_timestamp()"
    " AND (name, epoch) IN (SELECT * FROM unnest(CAST(:names AS text[]), CAST(:name_epochs AS bigint[])))"
    " ORDER BY name FOR KEY SHARE) AS names"
)
# For bulk, which changes no state: what is seen to be ours is not held.
GLANCE = text(FENCE.text.replace(" FOR KEY SHARE", ""))

# A daemon of an older Tocsin holds the database by a row of its own, and one still older by a session's lock.
OLDER = text(
    "SELECT (SELECT value FROM key_value WHERE name = 'daemon') AS value,"
    " extract(epoch FROM clock_timestamp())::float8 AS now,"
    " EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :number AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locked"
)
