"""English for channels that have failed, and places that refuse."""

from __future__ import annotations

from bot.wording.phrases.shape.dying import DyingPhrases

DYING = DyingPhrases(
    name="{channel} delivery",
    name_email="E-mail delivery",
    api="Its API: {why}",
    messages="Our messages: {why}",
    next_way="What is meant for it goes by the next way where there is one; the rest waits until it is back",
    to_do="What to do: {advice}",
    sent_here="Sent here because {channel} is down since {at}",
    refused="⚠️ {channel} does not take notices for {name}",
    refused_code="⚠️ {channel} does not take notices for {name}: {code}",
    refused_why="Why: {why}",
    misses="Who misses them: {names}",
    not_taken="⚠️ {channel} did not take a message for {name}",
    not_taken_code="⚠️ {channel} did not take a message for {name}: {code}",
    not_taken_was="The message: {title}",
    misses_it="Who misses it: {names}",
    all_work="Channels: all work",
    counts_down="🔴 {name} counts as down since {since}",
    heading="Channels",
    page_all_work="All work",
)
