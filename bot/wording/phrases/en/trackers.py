"""English for independent trackers."""

from __future__ import annotations

from bot.wording.phrases.shape.trackers import TrackersPhrases

TRACKERS = TrackersPhrases(
    reports="Reports: {count} in the last hour, usually {usual} ({source})",
    reports_bare="Reports: {count} in the last hour ({source})",
    problems="{source}: problems",
    perhaps="{source}: possible problems",
    all_clear="🔵 {name}: its status page now reports no incident ({clock})",
    still_fails="Our own checks still fail",
)
