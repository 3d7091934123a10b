"""Verdict of a round: which health its readings and reports support, and with what confidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Confidence, Health, Outcome, Role, Round, Rules, SourceReport, Streak, Verdict

TROUBLE = frozenset({Health.DEGRADED, Health.DOWN})
UNSTEADY = 3  # this many times `confirm_rounds` bad rounds also confirm, even if never enough in a row


def judge(seen: Round, streak: Streak, rules: Rules) -> Verdict:
    """The verdict of a round. `streak`: the rounds before it."""
    if seen.asleep_since:
        streak = _doubted(streak)
    looks = _looks(seen, rules)
    if looks is Health.UNKNOWN:
        # When we go offline, the last bad rounds may already have been our own fault, so they no longer count.
        return Verdict(
            seen.at, looks, Confidence.POSSIBLE, streak if seen.online else _doubted(streak), reports=seen.reports
        )
    bad = tuple(r for r in seen.readings if not r.ok)
    streak = count(streak, looks, seen.at, rules, worn=bool(bad))
    health, confidence = _claim(looks, streak, seen.reports, rules)
    if looks in TROUBLE:
        return Verdict(seen.at, health, confidence, streak, bad, seen.reports, untried=seen.untried)
    # An expiring certificate is separate: it neither begins an outage nor keeps one from ending.
    worn = bad if streak.expiring >= rules.confirm_rounds else ()
    return Verdict(seen.at, health, confidence, streak, reports=seen.reports, expiring=worn, untried=seen.untried)


def saw(seen: Round, rules: Rules) -> bool:
    """True if the round is conclusive."""
    return _looks(seen, rules) is not Health.UNKNOWN


def _doubted(streak: Streak) -> Streak:
    return Streak(good=streak.good, partial=streak.partial, good_since=streak.good_since)


def _looks(seen: Round, rules: Rules) -> Health:
    """Health by the readings alone. With an inconclusive route it is neither all good nor all bad."""
    outcomes = {r.overall for r in seen.readings}
    if not seen.online:
        return Health.UNKNOWN
    if outcomes & {Outcome.FAILED, Outcome.SLOW}:
        broken = rules.chained and Outcome.FAILED in outcomes
        return Health.DOWN if broken or outcomes == {Outcome.FAILED} else Health.DEGRADED
    if Outcome.INCONCLUSIVE in outcomes:
        return Health.UNKNOWN
    if not outcomes and all(w.says is None for w in seen.reports if w.role is not Role.CROWD):
        return Health.UNKNOWN
    return Health.UP


def _claim(looks: Health, streak: Streak, words: tuple[SourceReport, ...], rules: Rules) -> tuple[Health, Confidence]:
    official = _worst(words, Role.OFFICIAL)
    tracker = _worst(words, Role.TRACKER)
    if looks is Health.UP:
        if official in TROUBLE:
            return official, Confidence.LIKELY
        return (Health.DEGRADED, Confidence.POSSIBLE) if rumoured(words) else (Health.UP, Confidence.CONFIRMED)
    if streak.down >= rules.confirm_rounds:
        return Health.DOWN, Confidence.CONFIRMED
    if streak.bad >= rules.confirm_rounds or streak.total >= UNSTEADY * rules.confirm_rounds:
        return Health.DEGRADED, Confidence.CONFIRMED
    agreed = official in TROUBLE or tracker in TROUBLE
    return looks, Confidence.LIKELY if agreed else Confidence.POSSIBLE


def _worst(words: tuple[SourceReport, ...], role: Role) -> Health:
    return max((w.says for w in words if w.role is role and w.says is not None), default=Health.UP)


def count(streak: Streak, looks: Health, at: datetime, rules: Rules, *, worn: bool = False) -> Streak:
    """The streak after one more round. Counts are capped at the limits of the rules, so that a steady service has a
    steady state.
    """

    def up_to(limit: int, number: int) -> int:
        return min(number, limit)

    mild = up_to(rules.restore_rounds, streak.partial + 1)
    if looks is Health.UP:
        good = up_to(rules.restore_rounds, streak.good + 1)
        total = 0 if good >= rules.restore_rounds else streak.total
        # Counts up and down: if one of several servers has the new certificate, the result does not alternate.
        rounds = up_to(rules.confirm_rounds, streak.expiring + 1) if worn else max(0, streak.expiring - 1)
        since, worn_since = streak.good_since or at, (streak.expiring_since or at) if rounds else None
        return Streak(
            good=good, partial=mild, total=total, good_since=since, expiring=rounds, expiring_since=worn_since
        )
    worse = Streak(
        bad=up_to(rules.confirm_rounds, streak.bad + 1),
        total=up_to(UNSTEADY * rules.confirm_rounds, streak.total + 1),
        bad_since=streak.bad_since or at,
    )
    if looks is Health.DEGRADED:
        return replace(worse, partial=mild)
    return replace(worse, down=up_to(rules.confirm_rounds, streak.down + 1), down_since=streak.down_since or at)


def official(words: tuple[SourceReport, ...]) -> SourceReport | None:
    """The official page's report, or None without such a page."""
    return next((w for w in words if w.role is Role.OFFICIAL), None)


def rumoured(words: tuple[SourceReport, ...]) -> bool:
    """True if trackers or the crowd report trouble."""
    return max(_worst(words, Role.TRACKER), _worst(words, Role.CROWD)) in TROUBLE


def spoken(word: SourceReport | None) -> str | None:
    """The trouble in a report: its headline, or else its health; empty for none. None if it could not be read."""
    if word is None or word.says is None or word.says is Health.UNKNOWN:
        return None
    return (word.headline or word.says.name) if word.says in TROUBLE else ""
