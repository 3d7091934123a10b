"""English for a look that somebody asked for."""

from __future__ import annotations

from bot.wording.phrases.shape.looks import LooksPhrases

LOOKS = LooksPhrases(
    answers="🟢 {name} answers us (HTTP {status}, {seconds} s)",
    answers_badly="🟠 {name} answers us, but not with the page (HTTP {status}, {seconds} s)",
    answers_error="🔴 {name} answers us with an error (HTTP {status}, {seconds} s)",
    silent="🔴 {name} does not answer us: {why}",
    asks_human="⚫ {name} asks whether we are human: what people see is not known",
    cannot="⚫ {name} cannot be looked at: {why}",
    see_nothing="⚫ We see nothing now (own connection)",
    inner="🔒 That address is not looked at: it is not on the public internet",
    inner_line="It is inside our own network, or there is no such name",
    unfit="🔒 That address is not looked at: only plain http and https are",
    unfit_line="On the ports 80, 443, 8080 and 8443, without a user or a password in the address",
    well="🟢 {name} answers us ({seconds} s)",
    well_bare="🟢 {name} answers us",
    down="🔴 {name} does not answer us",
    partly="🟠 {name} answers us in part, not: {routes}",
    slow="🟠 {name} answers us slowly: {routes}",
    unseen="⚫ {name}: our own look says nothing",
    what='Say what to look at: "check {service}", "check example.org"',
    too_often="⏳ Not looked at: you have asked {count} times within a minute",
    too_much="⏳ Not looked at: too much is asked for just now",
)
