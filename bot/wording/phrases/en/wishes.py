"""English for quiet hours, escalations and corrections."""

from __future__ import annotations

from bot.wording.phrases.shape.wishes import WishesPhrases

WISHES = WishesPhrases(
    unacked="Nobody has acknowledged it yet",
    to_ack='Whoever looks into it sends "ack {service}"',
    taken_back_span="Our notices of trouble {span} were wrong",
    taken_back_now="⚪ {name}: the trouble since {since} is taken back",
    taken_back_then="⚪ {name}: the trouble {span} is taken back",
    reopens="Nothing more is said of it until it gets worse, or has answered and fails again",
    all_hear="Everybody who was told of it hears so",
    was_taken_back="{name}: that is taken back already",
    nothing_to_take_back="{name} had no trouble within 7 days that could be taken back",
    quiet="🌙 Quiet hours here: {span}",
    quiet_but="Told all the same: {hears}",
    quiet_off="🔔 No quiet hours here",
    caught_up="What is held back is told in one message when they are over",
    no_hours="It is not clear which hours are meant",
    hours_like='They are written like this: "quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off"',
    language_set="✅ Notices here are in English from now on",
    language_unknown="There is no language {said} here",
    zone_set="✅ Times here are those of {zone}: it is {clock}",
    zone_unknown="There is no time zone {said}",
    zone_now="Time zone: {zone}",
    subscribe_first='Send "subscribe" first',
)
