"""English for certificates that end soon."""

from __future__ import annotations

from bot.wording.phrases.shape.worn import WornPhrases

WORN = WornPhrases(
    ends=("ends in 1 day", "ends in {count} days"),
    ends_soon="ends in less than a day",
    ended="has ended",
    title="🟠 {name}: its certificate {ends} ({date})",
    title_brief="🟠 {name}: its certificate {ends}",
    over="🟢 {name}: its certificate no longer ends soon",
    route="{routes}: its certificate {ends} ({date})",
    was="{name} had a certificate about to end {span}",
    happened="{name}: certificate about to end {span} ({length})",
)
