"""The shape of a catalogue: which sentences there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.wording.phrases.shape.buttons import ButtonsPhrases
from bot.wording.phrases.shape.crowd import CrowdPhrases
from bot.wording.phrases.shape.dying import DyingPhrases
from bot.wording.phrases.shape.looks import LooksPhrases
from bot.wording.phrases.shape.many import ManyPhrases
from bot.wording.phrases.shape.own import OwnPhrases
from bot.wording.phrases.shape.pages import PagesPhrases
from bot.wording.phrases.shape.past import PastPhrases
from bot.wording.phrases.shape.plans import PlansPhrases
from bot.wording.phrases.shape.proofs import ProofsPhrases
from bot.wording.phrases.shape.rooms import RoomsPhrases
from bot.wording.phrases.shape.trackers import TrackersPhrases
from bot.wording.phrases.shape.wishes import WishesPhrases
from bot.wording.phrases.shape.worn import WornPhrases

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Format strings with named placeholders.

    {since}, {until} and {at} are points in time as the language says them after a preposition ("las 14:00");
    {clock} and {span} stand alone ("14:00", "14:00–14:50"). No sentence has its final stop, for a time or a name may
    bring one ("2:01 p.m."): the wording sets it. Only titles of more than one sentence bring their own.
    """

    language: str

    # joining
    comma: str
    last: str
    last_i: str  # before a name that begins with the sound of "i"
    either: str
    more: str
    routes: str
    quoted: str
    somebody: str

    # times; day_* and point_near, point_far and point_other_year are date patterns of CLDR
    point_one: str  # at one o'clock
    point: str
    point_dated: str
    dated: str
    span: str
    span_wide: str
    day_near: str
    day_far: str
    day_other_year: str
    point_near: str
    point_far: str
    point_other_year: str
    on_day: str
    under_a_minute: str
    minutes: str
    hours: str
    days: str
    whole_days: str  # three or more

    # titles: how it is
    down: str
    partly: str
    partly_bare: str
    slow: str
    now_partly: str
    now_partly_bare: str
    now_slow: str
    probably_down: str
    probably_partly: str
    probably_slow: str
    may_be_down: str
    may_be_partly: str
    may_be_slow: str
    may_have_trouble: str
    reports: str
    reports_bare: str
    an_outage: str
    trouble: str
    unstable: str
    unstable_partly: str
    times_down: Count
    times_trouble: Count
    unseen: str
    blind: str
    up: str
    not_looked: str

    # titles: what happened
    official: str
    official_brief: str
    official_bare: str
    acked: str
    still_down: str
    still_partly: str
    still_slow: str
    still_unstable: str
    still_unstable_partly: str
    may_still: str
    restored: str
    restored_span: str
    restored_partly: str
    restored_partly_span: str
    restored_slow: str
    restored_slow_span: str
    restored_brief: str
    maybe_restored: str
    maybe_restored_partly: str
    maybe_restored_brief: str
    no_longer_reported: str
    no_longer_reported_brief: str
    steady: str
    steady_brief: str
    unconfirmed: str
    unconfirmed_brief: str
    not_down: str
    no_trouble: str
    blind_over: str
    blind_over_brief: str
    test: str

    # lines of evidence
    no_answer: Count
    no_answer_bare: Count
    fails: str
    more_fail: Count
    slowly: Count
    slowly_bare: Count
    confirmed: str
    not_confirmed: str
    checks_fine: str
    official_page: str
    reports_nothing: str
    reports_outage: str
    reports_trouble: str
    says: str
    unread: str
    read_at: str
    tracker_down: str
    tracker_trouble: str
    tracker_up: str
    plan: str
    acked_line: str
    partly_first: str

    # lines of an ending
    official_never: str
    official_did: str
    official_then: str
    after_us: str
    before_us: str
    with_us: str
    all_up: str
    others_down: str
    others_partly: str
    others_perhaps: str
    other: str
    taken_back: str
    corrected_by: str
    nothing_known: str
    test_line: str

    # lines of a notice that comes by another way, or late
    sent_here: str
    refused_there: str
    late: str

    # answers
    status_down: Count
    status_trouble: Count
    status_perhaps: Count
    status_unknown: Count
    status_up: Count
    status_none: str
    until_then: str
    last_known: str
    last_outage: str
    last_outage_of: str
    longest_up: str
    muted_line: str
    subscribed: str
    subscribed_all: str
    hears: str
    also_possible: str
    also_likely: str
    unsubscribed: str
    unsubscribed_all: str
    not_subscribed: str
    subscriptions: str
    subscriptions_none: str
    subscription: str
    all_services: str
    help: str
    help_row: str
    unknown_command: str
    unknown_service: str
    did_you_mean: str
    see_help: str
    not_allowed: str
    acked_answer: str
    muted: str
    muted_still: str
    unmuted: str
    nothing_open: str
    nothing_open_at_all: str

    # digests
    digest: Count
    digest_quiet: Count
    digest_unseen: str
    digest_calm: str
    digest_now: str
    digest_happened: str
    digest_uptime: str
    digest_blind: str
    uptime: str
    uptime_unknown: str
    uptime_all: str
    uptime_others: str
    percent: str  # a pattern of CLDR
    happened_down: str
    happened_partly: str
    happened_slow: str
    happened_unstable: str

    # the page
    page_services: str
    page_happened: str
    page_quiet: str
    page_read: str
    page_strip: str

    # words for settings and commands, by the word that is typed
    hear: Mapping[str, str]
    commands: Mapping[str, str]

    # topics of their own
    crowd: CrowdPhrases
    many: ManyPhrases
    dying: DyingPhrases
    wishes: WishesPhrases
    plans: PlansPhrases
    proofs: ProofsPhrases
    pages: PagesPhrases
    trackers: TrackersPhrases
    worn: WornPhrases
    past: PastPhrases
    looks: LooksPhrases
    buttons: ButtonsPhrases
    own: OwnPhrases
    rooms: RoomsPhrases

    # what the channels are called inside a sentence, by their kind
    channels: Mapping[str, str]

    # what the checks give as reasons, by the English they come in; what is not found stays English
    reasons: Mapping[str, str]
