"""Rounds as tests write them: "B" all routes bad, "P" some bad, "S" slow, "W" worn, "." all good, "?" unseen, "!" could not
be judged.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.judge.changes import Step
from bot.judge.incidents import step
from bot.judge.verdict import judge
from bot.model import Change, Health, Outcome, Reading, Role, Round, Rules, ServiceState, SourceReport

NOON = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)
EVERY = timedelta(seconds=30)
WEB = {
    "B": (Outcome.FAILED, Outcome.FAILED),
    "P": (Outcome.OK, Outcome.FAILED),
    "S": (Outcome.OK, Outcome.SLOW),
    ".": (Outcome.OK, Outcome.OK),
    "?": (Outcome.FAILED, Outcome.FAILED),
    "!": (Outcome.OK, Outcome.INCONCLUSIVE),
    "W": (Outcome.OK, Outcome.EXPIRING),
}


def at(number: int) -> datetime:
    return NOON + number * EVERY


def word(says: Health | None, headline: str = "", role: Role = Role.OFFICIAL) -> SourceReport:
    return SourceReport(role, role.value, says, headline)


def look(letter: str, number: int = 0, *words: SourceReport) -> Round:
    readings = tuple(Reading(r, o) for r, o in zip(("web", "app"), WEB[letter], strict=True))
    return Round("x", at(number), readings, words, online=letter != "?")


def walk(
    letters: str, rules: Rules | None = None, state: ServiceState | None = None
) -> tuple[ServiceState, list[Change]]:
    """Where the rounds lead from a fresh service, and all changes on the way."""
    rules, state, changes = rules or Rules(), state or ServiceState("x"), []
    for number, letter in enumerate(letters):
        state, more = go(state, look(letter, number), rules)
        changes += more
    return state, changes


def go(state: ServiceState, seen: Round, rules: Rules | None = None) -> tuple[ServiceState, tuple[Change, ...]]:
    rules = rules or Rules()
    taken: Step = step(state, judge(seen, state.streak, rules), rules)
    return taken.state, taken.changes
