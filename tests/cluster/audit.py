"""Witnesses inside the database: triggers that note who writes what while whose lease holds. All by the database's clock.

The fence is not asked: each session bears the name of its node while it writes, and the rows of shards and roles say whose
turn it is. `stale`: state written, or a delivery claimed, by a node that does not own it. `stolen`: a lease that was
taken from a node while it held. A write that began before its node released the share is not stale: until its end
nobody can take that share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from bot.model.cluster import shard_of

SCHEMA = """
CREATE TABLE seen_map (service text PRIMARY KEY, shard int NOT NULL);
CREATE TABLE seen (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL,
    share text NOT NULL, node text NOT NULL, before text NOT NULL DEFAULT '');

CREATE FUNCTION audit_last(name text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT before FROM seen WHERE what = 'moved' AND share = name ORDER BY id DESC LIMIT 1), '')
$$;

CREATE FUNCTION audit_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    writer text := current_setting('application_name');
    turn record;
BEGIN
    SELECT s.number, s.owner, s.until INTO turn FROM shards s JOIN seen_map m ON m.shard = s.number
        WHERE m.service = NEW.id;
    IF FOUND AND left('tocsin ' || coalesce(nullif(turn.owner, ''), audit_last('shard ' || turn.number)), 63) <> writer THEN
        INSERT INTO seen (what, share, node, before) VALUES ('stale', NEW.id, writer, turn.owner);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_state AFTER INSERT OR UPDATE ON services FOR EACH ROW EXECUTE FUNCTION audit_state();

CREATE FUNCTION audit_claim() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    writer text := current_setting('application_name');
    turn record;
BEGIN
    SELECT owner, until INTO turn FROM roles WHERE name = 'channel:' || NEW.kind;
    IF FOUND AND left('tocsin ' || turn.owner, 63) <> writer THEN
        INSERT INTO seen (what, share, node, before) VALUES ('stale', 'claim ' || NEW.key, writer, turn.owner);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_claim AFTER UPDATE ON deliveries FOR EACH ROW
    WHEN (NEW.status = 'sending' AND OLD.status <> 'sending') EXECUTE FUNCTION audit_claim();

CREATE FUNCTION audit_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.owner <> '' AND NEW.owner <> '' AND OLD.until > clock_timestamp()
        AND split_part(OLD.owner, '/', 1) <> split_part(NEW.owner, '/', 1) THEN
        INSERT INTO seen (what, share, node, before) VALUES ('stolen', TG_ARGV[0] || ' ' || NEW.epoch, NEW.owner, OLD.owner);
    END IF;
    INSERT INTO seen (what, share, node, before)
        SELECT 'moved', TG_ARGV[0] || ' ' || coalesce(to_jsonb(NEW) ->> 'name', to_jsonb(NEW) ->> 'number'), NEW.owner, OLD.owner;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_move AFTER UPDATE ON shards FOR EACH ROW
    WHEN (NEW.owner <> OLD.owner) EXECUTE FUNCTION audit_move('shard');
CREATE TRIGGER audit_move AFTER UPDATE ON roles FOR EACH ROW
    WHEN (NEW.owner <> OLD.owner) EXECUTE FUNCTION audit_move('role');
"""
# A write that began in time may be committed after its lease is over: until then it holds the row, so that nobody takes it.


@dataclass(frozen=True)
class Note:
    at: datetime
    what: str
    share: str
    node: str
    before: str


async def install(link: asyncpg.Connection, services: Iterable[str]) -> None:
    await link.execute(SCHEMA)
    await link.executemany("INSERT INTO seen_map VALUES ($1, $2)", [(one, shard_of(one)) for one in services])


async def notes(link: asyncpg.Connection) -> list[Note]:
    rows = await link.fetch("SELECT at, what, share, node, before FROM seen ORDER BY id")
    return [Note(**row) for row in rows]
