"""The dns check: a name has records, and the expected ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, field_validator

from bot.contracts import Net, Record, Trouble
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.net.dns import split
from bot.watch.checks.expectations import Phrase, listed
from bot.watch.checks.tcp import Host

SHOWN = 3  # records
LAST_COUNTS = frozenset({"CAA", "MX", "SRV"})  # "mail.example.org" is found in "10 mail.example.org"


class DnsCheck(BaseModel):
    """Good when the name has records of the type, including all expected ones."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["dns"] = "dns"
    name: Annotated[str, StringConstraints(pattern=r"^[^\s/@:]+$", max_length=253)]
    type: Record = "A"
    expect: Annotated[tuple[Phrase, ...], BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase])] = ()
    server: Host | None = None

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; nothing is cached."""
        seen = await net.query(self.name, self.type, server=self.server or "", timeout=timeout)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        known = {self._plain(record) for record in seen.records}
        if self.type in LAST_COUNTS:
            known |= {record.rpartition(" ")[2] for record in known}
        lacking = [value for value in self.expect if self._plain(value) not in known]
        if lacking:
            return Reading(route, Outcome.FAILED, self._differs(seen.records, lacking[0]), seen.took)
        return Reading(route, Outcome.OK, took=seen.took)

    def _differs(self, records: Sequence[str], wanted: str) -> Reason:
        found, more = ", ".join(records[:SHOWN]), len(records) - SHOWN
        if more > 0:
            return Reason.of(ReasonCode.RECORDS_DIFFER, record=self.type, found=found, count=more, wanted=wanted)
        return Reason.of(ReasonCode.RECORD_DIFFERS, record=self.type, found=found, wanted=wanted)

    @field_validator("server")
    @classmethod
    def _has_a_port(cls, server: str | None) -> str | None:
        if server is not None:
            split(server)
        return server

    def _plain(self, record: str) -> str:
        """The form in which records are compared: case and the last dot of a name are ignored, a TXT is not changed."""
        if self.type == "TXT":
            return record
        if self.type in {"A", "AAAA"}:
            try:
                return str(ip_address(record))
            except ValueError:
                return record
        return record.lower().rstrip(".")
