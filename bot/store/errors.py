"""Database troubles: naming the database and their kind without secrets, finding the server that takes writes, and
noticing when they are over.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import URL

from bot.model import Reason, ReasonCode
from bot.own_health import OwnHealth, Part

AWAY = ReasonCode.DATABASE_UNREACHABLE
DAMAGED = ReasonCode.DATABASE_DAMAGED
LOCKED = ReasonCode.DATABASE_LOCKED
FULL = ReasonCode.DATABASE_DISK_FULL
READ_ONLY = ReasonCode.DATABASE_READ_ONLY
REFUSES = ReasonCode.DATABASE_REFUSES
UNREADABLE = ReasonCode.DATABASE_UNREADABLE
REPLACED = ReasonCode.DATABASE_REPLACED

# By SQLite's primary result codes, https://sqlite.org/rescode.html
SQLITE = {
    3: REFUSES,  # PERM
    5: LOCKED,  # BUSY
    6: LOCKED,  # LOCKED
    8: READ_ONLY,  # READONLY
    10: UNREADABLE,  # IOERR
    11: DAMAGED,  # CORRUPT
    13: FULL,  # FULL
    14: UNREADABLE,  # CANTOPEN
    26: DAMAGED,  # NOTADB
}
# By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLSTATES = {
    "25006": READ_ONLY,
    "42501": REFUSES,
    "3F000": REFUSES,
    "42P01": DAMAGED,  # a table is missing
    "42703": DAMAGED,  # a column is missing
    "53100": FULL,
    "55P03": LOCKED,
    "57014": LOCKED,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
# seconds: one page may be readable, the next one not
LASTS = {DAMAGED: 60.0}
SHORTLY = 2.0
# user:password@ | the servers | what follows
SERVERS = re.compile(r"(postgres(?:ql)?://(?:[^/?@]*@)?)([^/?@\[\]]*,[^/?@\[\]]*)(/[^?]*)?(?:\?(.*))?", re.DOTALL)


def what_it_is(error: BaseException) -> ReasonCode:
    """The kind of trouble behind a driver's error, as a code."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        missing = "no such table" in str(cause) or "no such column" in str(cause)
        return DAMAGED if missing else SQLITE.get((getattr(cause, "sqlite_errorcode", 0) or 0) & 0xFF, UNREADABLE)
    return SQLSTATES.get(getattr(cause, "sqlstate", None) or "", AWAY)


def withdrawn(error: BaseException) -> bool:
    """Whether somebody took away a right, a table or a schema, so that it is no bug of ours."""
    return (getattr(getattr(error, "orig", None), "sqlstate", None) or "") in SQLSTATES


@dataclass
class DatabaseHealth:
    """Reports failures, and clears them with the next success of the same sort, a moment after the last failure."""

    own_health: OwnHealth
    steady: Callable[[], float] = time.monotonic
    _until: dict[str, float] = field(default_factory=dict)  # by sort: from when on a success counts

    def failed(self, how: str, error: BaseException) -> None:
        """Report a failure; `how` is "reading" or "writing"."""
        what = what_it_is(error)
        self._until[how] = max(self._until.get(how, 0.0), self.steady() + LASTS.get(what, SHORTLY))
        self.own_health.report(Part.DATABASE, Reason.of(what), how)

    def worked(self, how: str) -> None:
        if how in self._until and self.steady() >= self._until[how]:
            del self._until[how]
            self.own_health.clear(Part.DATABASE, how)

    @property
    def away(self) -> bool:
        """Whether the latest read failed a moment ago; later it is worth another try."""
        return self.steady() < self._until.get("reading", 0.0)


def with_hosts_apart(url: str) -> str:
    """The URL as the driver takes it: `a:5432,b` becomes `?host=a:5432&host=b`. Others are unchanged.

    Unless it says otherwise, only a server that takes writes is used.
    """
    found = SERVERS.fullmatch(url)
    if found is None:
        return url
    begin, servers, name, options = found.groups()
    hosts = [f"host={server if ':' in server else f'{server}:5432'}" for server in servers.split(",")]
    given = [options] if options else []
    usual = [] if "target_session_attrs=" in (options or "") else ["target_session_attrs=read-write"]
    return f"{begin}{name or '/'}?{'&'.join([*hosts, *given, *usual])}"


def shown(url: URL) -> str:
    """The address without password and options."""
    hosts = url.query.get("host", ())
    if url.host is None and isinstance(hosts, tuple) and len(hosts) > 1:
        account = f"{url.username}@" if url.username else ""
        return f"postgresql://{account}{','.join(hosts)}/{url.database or ''}"
    return URL.create(
        "postgresql", url.username, host=url.host, port=url.port, database=url.database
    ).render_as_string()
