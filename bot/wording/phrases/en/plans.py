"""English for planned maintenance."""

from __future__ import annotations

from bot.wording.phrases.shape.plans import PlansPhrases

PLANS = PlansPhrases(
    everything="All services",
    several="{count} services",
    planned="🛠 {name}: maintenance {span}",
    planned_from="🛠 {name}: maintenance from {since}",
    now="🛠 {name}: in maintenance until {until}",
    now_from="🛠 {name}: in maintenance since {since}",
    moved="🛠 {name}: maintenance is moved to {span}",
    moved_from="🛠 {name}: maintenance is moved, it begins {since}",
    goes_on="🛠 {name}: maintenance now lasts until {until}",
    cancelled="🛠 {name}: no maintenance {span}, it is called off",
    cancelled_from="🛠 {name}: no maintenance from {since}, it is called off",
    ended="🛠 {name}: maintenance is over ({span})",
    ended_early="🛠 {name}: maintenance ended early, at {until}",
    ended_from="🛠 {name}: maintenance is over since {until}",
    overdue="🛠 {name}: maintenance was to be over by {until}",
    services="Services: {names}",
    work="Work: {note}",
    theirs="Announced on its status page",
    by="Announced by {name}",
    was_until="It was planned until {until}",
    failing=("{names} does not answer yet", "{names} do not answer yet"),
    still_shown="Its status page still shows it as under way",
    left="It failed already before maintenance ended at {at}",
    lasts="In maintenance until {until}",
    notices=("1 notice of maintenance", "{count} notices of maintenance"),
    windows=("🛠 1 notice of maintenance", "🛠 {count} notices of maintenance"),
    held_back="Meanwhile no outage is told; what lasts beyond it is",
    none="🛠 No maintenance is planned",
    listed="🛠 Maintenance:",
    called_off="🛠 Noted: {name}, maintenance {span} is called off",
    nothing="{name} has no maintenance that could be called off",
    unclear="🛠 It is not clear when that is",
    over_already="🛠 That is over already",
    form='It is written like this: "maintenance mail for 1h", "maintenance mail 22:00 23:30 new disks", '
    '"maintenance mail 2026-12-01T22:00 for 90m", "maintenance cancel mail"',
    silent="🛠 {name}: in maintenance until {until}, so nothing is told",
    silent_line="What still fails when it is over is told then",
    was_planned_then="Maintenance was planned then",
    up=("🟢 The other service is up.", "🟢 The other {count} services are up."),
    all_planned="🛠 All services are in maintenance",
)
