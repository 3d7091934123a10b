"""Rounds that change nothing, known without a step: nearly all rounds of a service that is up."""

from __future__ import annotations

from bot.judge.verdict import TROUBLE
from bot.model import Outcome, Round, Rules, ServiceState


def steady(state: ServiceState, seen: Round, rules: Rules) -> bool:
    """True if the service was steadily up and all is good again, so that `incidents.step` returns the same state.

    False says nothing: the step decides.
    """
    return _is_steady(state, rules) and _is_good(seen)


def _is_steady(state: ServiceState, rules: Rules) -> bool:
    streak = state.streak
    return (
        streak.good == streak.partial == rules.restore_rounds
        and state.up_since is not None
        and streak.good_since is not None
        and state.incident is None
        and state.unseen_since is None
        and not (streak.bad or streak.total or streak.down or streak.expiring)
        and streak.bad_since is streak.down_since is streak.expiring_since is None
        and not (state.excused or state.echo or state.official_headline)
    )


def _is_good(seen: Round) -> bool:
    if not (seen.online and seen.readings) or seen.asleep_since is not None:
        return False
    for reading in seen.readings:
        if reading.outcome is not Outcome.OK or reading.places is not None:
            return False
    return not (seen.reports and any(report.says in TROUBLE for report in seen.reports))
