"""English for a message that tells of many incidents."""

from __future__ import annotations

from bot.wording.phrases.shape.many import ManyPhrases

MANY = ManyPhrases(
    was_down="{name} was down {span}",
    was_partly="{name} was partly down {span}",
    was_slow="{name} was slow {span}",
    was_unstable="{name} was unstable {span}",
    was_perhaps="{name} may have had trouble {span}",
    away="{mark} While {channel} was down ({span}): {what}",
    untaken="{mark} Late, as {channel} took nothing since {since}: {what}",
    quiet="{mark} During the quiet hours here: {what}",
    incidents=("1 incident", "{count} incidents"),
    late_away="Late: {channel} was down {span}",
    late_quiet="Kept back for the quiet hours here",
    storm="🔴 {count} services are down or in trouble since {since}",
    storm_partly_over="🟠 {count} of {all} services in trouble since {since} still are",
    storm_over=("🟢 {count} service is back to normal ({until})", "🟢 {count} services are back to normal ({until})"),
    channels="🔴 {count} channels are down or in trouble since {since}",
    channels_partly_over="🟠 {count} of {all} channels in trouble since {since} still are",
    channels_over=("🟢 {count} channel works again ({until})", "🟢 {count} channels work again ({until})"),
    more=("And 1 more", "And {count} more"),
    all_depend="All of them depend on {cause}",
    most_depend="Most of them depend on {cause}",
    all_at="All of them are served from {cause}",
    most_at="Most of them are served from {cause}",
)
