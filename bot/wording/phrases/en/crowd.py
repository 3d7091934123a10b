"""English for people's own reports."""

from __future__ import annotations

from bot.wording.phrases.shape.crowd import CrowdPhrases

CROWD = CrowdPhrases(
    heard=("Reports here: 1 in the last hour, {usually}", "Reports here: {count} in the last hour, {usually}"),
    usually="usually {count}",
    usually_none="usually none",
    works=("It works for 1 person who told us", "It works for {count} people who told us"),
    noted="✅ Noted: {name} does not work for you",
    noted_works="✅ Noted: {name} works for you",
    before="You had said so already: each person counts once an hour",
    others=(
        "1 other person told us in the last hour that it does not work",
        "{count} others told us in the last hour that it does not work",
    ),
    others_none="Nobody else told us in the last hour that it does not work",
    others_works=("1 other person told us that it works", "{count} others told us that it works"),
    now="What we see, while we look again: {title}",
    to_end='When it works again: "report {service} works"',
    of_what="It is not clear which service is meant",
    like_this='It is written like this: "report x", "report x login fails", "report x works"',
    ask="Does something not work for you?",
    down="It does not work",
    up="It works for me",
    back="To the status page",
    too_many="Too many reports have come from there for now. Those that came count",
)
