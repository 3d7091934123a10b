"""Which lines of a notice are the organisation's plan, and which quote the vendor."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Incident, Role, Service
from bot.wording.text import clean, foreign, quoted, stop
from bot.wording.times import Reader


def plan_line(service: Service, to: Reader, lines: Sequence[str]) -> str:
    """The line with the plan; empty without one."""
    plan = clean(service.plan, 500)
    line = stop(to.say.evidence.plan.format(plan=plan)) if plan else ""
    return line if line in lines else ""


def quote_lines(incident: Incident, to: Reader, lines: Sequence[str]) -> tuple[str, ...]:
    """The lines that quote an official page."""
    words = [w for w in incident.reports if w.role is Role.OFFICIAL]
    words += [incident.official_last] if incident.official_last else []
    said = [quoted(headline, to.say) for w in words if (headline := foreign(w.headline))]
    return tuple(line for line in lines if any(headline in line for headline in said))
