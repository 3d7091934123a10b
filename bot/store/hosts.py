"""Addresses of PostgreSQL with several servers, of which one at a time takes writes."""

from __future__ import annotations

import re

from sqlalchemy import URL

# user:password@ | the servers | what follows
SERVERS = re.compile(r"(postgres(?:ql)?://(?:[^/?@]*@)?)([^/?@\[\]]*,[^/?@\[\]]*)(/[^?]*)?(?:\?(.*))?", re.DOTALL)


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
