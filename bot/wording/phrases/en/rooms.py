"""English for rooms, changes to a place and what is not done."""

from __future__ import annotations

from bot.wording.phrases.shape.rooms import RoomsPhrases

ROOMS = RoomsPhrases(
    stranger="🔒 This place has not been let in",
    stranger_how='An admin of this bot can let it in with "{command}"',
    stranger_here='Or an admin sends "allow" right here',
    allowed="🔓 {place} has been let in: people there may ask and subscribe",
    allowed_already="{place} has been let in already",
    disallowed="🔒 {place} has been shut out: nothing is answered there, and it is no longer subscribed",
    never_allowed="No admin has let {place} in",
    named_in_config="The config names {place}: to shut it out, take it out there",
    no_room="It is not clear which place is meant",
    rooms_like='Send "{command}" in the place itself, or "{command} telegram:-100123"',
    rooms="These places were let in:",
    rooms_none="No admin has let a place in",
    rooms_row="{place}: by {name}, {at}",
    rooms_named="The config names: {places}",
    rooms_public="The config lets anyone ask, anywhere",
    changed="⚙️ {name} changed how this place gets notices",
    let_in="🔓 {name} let this place in",
    let_in_now='People here may ask now; "help" tells what',
    shut_out="🔒 {name} shut this place out",
    audit="What was ordered last:",
    audit_none="Nothing has been ordered yet",
    audit_row="{at}, {name} in {place}: {what}",
    slow_down="⏳ Slow down: at most {count} commands a minute",
    slow_down_now="What comes sooner is not answered",
    too_old="⏳ Not done: this was sent {length} ago",
    send_again="Send it again if you still want it",
    taken_before="↩️ This came in once already, before a restart",
    taken_again="It is not done twice: send it again if nothing came of it",
    no_records="⚠️ We can't reach our own records right now",
    no_records_now="Please try again in a minute",
    other_incident="⌛ {incident} is over: nothing was changed",
    other_message="⌛ {name}: the trouble this message tells of is over",
    what_is_now='For what is so now: "status {service}"',
    said_enough="You have told us twice within the hour: this is not counted",
    no_person="Only people are counted, each once: report it from your own account",
)
