"""English for Tocsin's own health, and for what it tells late or without its database."""

from __future__ import annotations

from bot.wording.phrases.shape.own import OwnPhrases

OWN = OwnPhrases(
    unwell="⚠️ Tocsin has had trouble of its own since {since}",
    unwell_still="⚠️ Tocsin still has trouble of its own, since {since}",
    well_again="🟢 Tocsin is well again; it had trouble of its own {span}",
    parts={
        "database": "Its database can't be used: {why}",
        "results": "What its checks see can't be kept: {why}",
        "rounds": "It can't look at services as it should: {why}",
        "outbox": "It can't send notices as it should: {why}",
        "web": "Its pages fail: {why}",
        "chores": "Its regular work fails: {why}",
        "listening": "It can't hear what people write: {why}",
        "config": "The changed config is not in force: {why}",
        "machine": "Its machine is short of something: {why}",
    },
    means="While this lasts, notices may be late or missing. The log says more",
    whys={},
    banner="Tocsin has had trouble of its own since {since} ({parts}): what is shown here may be out of date",
    names={
        "database": "its database",
        "results": "its results",
        "rounds": "its checks",
        "outbox": "its sending",
        "web": "its pages",
        "chores": "its regular work",
        "listening": "its hearing",
        "config": "its config",
        "machine": "its machine",
    },
    may_repeat="Our database can't be used just now, so you may get this again",
    sent_late="Sent late: this was due at {at}",
    unseen_by_machine="⚫ We could not see anything {span} (own machine).",
)
