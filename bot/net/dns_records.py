"""DNS records as text."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import aiodns
import pycares

from bot.contracts import Record


def written(answer: pycares.DNSResult, kind: Record) -> tuple[str, ...]:
    """The records of `kind`, sorted, since name servers rotate them. CNAMEs on the way are left out."""
    wanted = aiodns.query_type_map[kind]
    return tuple(sorted(_text(record.data) for record in answer.answer if record.type == wanted))


def _text(data: Any) -> str:
    match data:
        case pycares.ARecordData() | pycares.AAAARecordData():
            return str(ip_address(data.addr))
        case pycares.CNAMERecordData():
            return name(data.cname)
        case pycares.NSRecordData():
            return name(data.nsdname)
        case pycares.MXRecordData():
            return f"{data.priority} {name(data.exchange)}"
        case pycares.SRVRecordData():
            return f"{data.priority} {data.weight} {data.port} {name(data.target)}"
        case pycares.CAARecordData():
            return f"{data.critical} {data.tag} {_decoded(data.value)}"
        case pycares.SOARecordData():
            times = f"{data.serial} {data.refresh} {data.retry} {data.expire} {data.minimum}"
            return f"{name(data.mname)} {name(data.rname)} {times}"
        case _:
            return _decoded(data.data)


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def name(text: str) -> str:
    return text.lower().rstrip(".") or "."
