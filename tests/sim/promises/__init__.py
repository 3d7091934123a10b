"""The promises of the design, held to a run: what was told, what was true, what the database says."""

from __future__ import annotations

from collections.abc import Callable

from tests.sim.engine import Run
from tests.sim.ledger import Complaints, Ledger
from tests.sim.promises import channels, incidents, messages


def broken(run: Run) -> list[str]:
    """What the run did not keep, in words."""
    ledger = Ledger(run)
    checks = [check for check in PROMISES if ledger.exact or check not in TIMED]
    return [*run.world.wrong, *(f"{check.__name__}: {what}" for check in checks for what in check(ledger))]


PROMISES: tuple[Callable[[Ledger], Complaints], ...] = (
    messages.nothing_is_lost,
    messages.merged_messages_name_all,
    messages.everybody_is_told,
    messages.repeats_follow_doubt,
    messages.nothing_found_is_told_again,
    messages.every_outage_is_posted,
    messages.planned_work_stands_alone,
    messages.ends_name_what_is_still_down,
    messages.ends_name_nothing_that_is_over,
    messages.order_is_kept,
    messages.nobody_hears_only_the_end,
    messages.nobody_stays_alarmed,
    messages.first_messages_tell_the_truth,
    incidents.times_are_of_rounds,
    incidents.outages_are_seen,
    incidents.maintenance_is_quiet,
    incidents.what_outlasts_maintenance_is_told,
    channels.ladders_are_climbed,
    channels.nobody_waits_for_others,
    incidents.nothing_is_made_up,
    incidents.blindness_is_told_once,
    incidents.what_we_cannot_see_is_unknown,
    channels.storms_are_few_messages,
    incidents.nothing_ends_before_it_begins,
    incidents.lengths_are_true,
    channels.waits_follow_the_config,
    channels.nothing_runs_hot,
)
# These hold what is written down against the very moments at which it happened.
TIMED = (
    messages.ends_name_nothing_that_is_over,
    incidents.times_are_of_rounds,
    incidents.outages_are_seen,
    incidents.maintenance_is_quiet,
    incidents.what_outlasts_maintenance_is_told,
    channels.ladders_are_climbed,
    channels.nobody_waits_for_others,
    incidents.nothing_is_made_up,
    incidents.blindness_is_told_once,
    incidents.what_we_cannot_see_is_unknown,
    incidents.lengths_are_true,
    channels.waits_follow_the_config,
)
