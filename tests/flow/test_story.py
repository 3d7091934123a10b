"""14 July 2022: X doesn't respond, its status page says that nothing is wrong, and everybody hears of it everywhere."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.fakes.mail import PASSWORD, USER, Page, mail_server, read_notice
from tests.flow.house import ADMIN, CHANNEL, DESK, GROUP, HEARTBEAT, eventually, world
from tests.flow.spoken import between, english, instant, lasted, spanish

PLAN = "Plan: Breaking news goes to Telegram @newsroom and to the site banner."
NOT_OURS = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d UTC|x#\d+(/\d+)?)$")  # Slack's date, Discord's footer
SOON = 4.0  # seconds from the first failure to the first line: two rounds, and the way
SUMMARY = "/status/api/v2/summary.json"
HOOK = "a-token-that-nobody-guesses"


@dataclass(frozen=True)
class Said:
    """What a reader must have read: of each notice its first line and the lines under it."""

    down: list[str]
    acked: list[str]
    known: list[str]  # the first message, once acknowledged
    restored: list[str]
    over: list[str]  # the first message, in the end


@dataclass(frozen=True)
class Facts:
    """When it happened, as /status.json says it."""

    zone: str
    since: datetime
    confirmed: datetime
    acked: datetime
    until: datetime

    def in_english(self, read_at: str) -> Said:
        def at(instant: datetime) -> str:
            return english(instant, self.zone)

        since, until, length = at(self.since), at(self.until), lasted(self.since, self.until)
        seen = f"Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at {at(self.confirmed)}"
        page = f"Official status page: no incident reported (as of {read_at})."
        title, end = f"🔴 X (Twitter): down since {since}", "The official status page never reported it."
        over = f"🟢 X (Twitter): down since {since}, restored {until} ({length})"
        # "p.m." brings the sentence's stop with it.
        return Said(
            down=[title, seen, page, PLAN],
            acked=[f"👀 X (Twitter): Ana is looking into it ({at(self.acked)})"],
            known=[title, seen, page, f"Acknowledged by Ana at {at(self.acked)}", PLAN],
            restored=[over, f"{end} Everything else you follow is up."],
            over=[over, end],
        )

    def in_spanish(self, read_at: str) -> Said:
        def at(instant: datetime) -> str:
            return spanish(instant, self.zone)

        since, until = at(self.since), at(self.until)
        length, acked = lasted(self.since, self.until, "menos de 1 min"), at(self.acked)
        seen = "Web, app y TweetDeck no responden (HTTP 503). "
        seen += f"Lo confirmaron nuestras comprobaciones a {at(self.confirmed)}."
        page = f"Página de estado oficial: sin incidencias (consultada a {read_at})."
        title, end = f"🔴 X (Twitter) no funciona desde {since}", "La página de estado oficial nunca informó de ello."
        over = f"🟢 X (Twitter): caído desde {since}, restablecido a {until} ({length})"
        return Said(
            down=[title, seen, page, PLAN],
            acked=[f"👀 X (Twitter): Ana se está ocupando ({acked.partition(' ')[2]})"],
            known=[title, seen, page, f"Ana se ocupa desde {acked}.", PLAN],
            restored=[over, f"{end} Todo lo demás que sigues funciona."],
            over=[over, end],
        )


def told(fake, place):
    return [message for message in fake.applied if message.place == place]


def lines(text):
    """Without what a platform adds."""
    return [line.replace("\u2060", "") for line in text.splitlines() if not NOT_OURS.match(line)]


async def test_the_outage_of_14_july_is_told_everywhere(tmp_path):
    async with world(tmp_path) as street, mail_server(tmp_path) as box:
        email = {"server": f"smtp://{USER}@127.0.0.1:{box.smtp_port}", "security": "starttls"}
        street.config["channels"]["email"] |= email | {"ca_file": str(box.ca_file)}
        official = {"kind": "statuspage", "url": street.site.url("/status"), "webhook_token": HOOK}
        street.config["services"]["x"]["official"] = official
        began = datetime.now(UTC)
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            await eventually(lambda: street.asked(SUMMARY))
            await news_are_heard(street, daemon)
            flipped, took = datetime.now(UTC), await first_words(street, box, street.fail)
            acked = await acknowledged(street)
            street.heal()
            healed = datetime.now(UTC)
            await all_told(street, box)
            incident = await daemon.incident("until")
            mails, stopped = await box.mailbox(), await daemon.stop()
    # What `pytest -rA` shows: how long it took.
    sys.stdout.write(f"from the failure to the first word: {took}; stopped after {stopped:.2f} s\n")

    names = ("since", "confirmed_at", "until")
    since, confirmed, until = (instant(incident[name]) for name in names)
    assert flipped.replace(microsecond=0) <= since <= confirmed
    assert healed.replace(microsecond=0) <= until
    assert (confirmed - flipped).total_seconds() < SOON
    facts = Facts(street.zone, since, confirmed, acked, until)
    theirs = facts.in_english(read_at(told(street.telegram, GROUP)[0].text, "as of", began, flipped, street.zone))
    ours = facts.in_spanish(read_at(told(street.discord, CHANNEL)[0].text, "consultada a", began, flipped, street.zone))

    check_thread(told(street.slack, "C012"), theirs)
    check_thread(told(street.telegram, GROUP), theirs)
    check_thread(told(street.discord, CHANNEL), ours)
    check_mails(mails, theirs)
    assert [lines(message.text) for message in street.hook.applied] == [
        lines(m.text) for m in told(street.telegram, GROUP)
    ]
    assert max(took.values()) < SOON
    assert street.asked(HEARTBEAT) > 1


async def first_words(street, box, fail: Callable[[], None]) -> dict[str, float]:
    """Seconds from the failure until each place has its first message."""
    took, began = {}, time.monotonic()

    async def at(name, waiting):
        await waiting
        took[name] = round(time.monotonic() - began, 2)

    fail()
    await asyncio.gather(
        at("slack", street.slack.until(lambda: told(street.slack, "C012"))),
        at("discord", street.discord.until(lambda: told(street.discord, CHANNEL))),
        at("telegram", street.telegram.until(lambda: told(street.telegram, GROUP))),
        at("webhook", street.hook.until(lambda: street.hook.applied)),
        at("email", eventually(box.mailbox)),
    )
    return took


async def acknowledged(street) -> datetime:
    """The admin says in a chat of their own that they are on it; the places that were told hear of it."""
    street.telegram.say(ADMIN, "/ack x", user=ADMIN)
    said = street.telegram.waiting[-1]["message"]["date"]
    await street.telegram.until(lambda: len(told(street.telegram, GROUP)) == 3)
    await street.telegram.until(lambda: told(street.telegram, str(ADMIN)))
    await street.slack.until(lambda: len(told(street.slack, "C012")) == 3)
    await street.discord.until(lambda: len(told(street.discord, CHANNEL)) == 3)
    at = datetime.fromtimestamp(said, UTC)
    answer = f"👀 Noted: Ana is looking into X (Twitter) ({english(at, street.zone)})"
    assert [lines(message.text) for message in told(street.telegram, str(ADMIN))] == [[answer]]
    return at


async def all_told(street, box):
    await street.telegram.until(lambda: len(told(street.telegram, GROUP)) == 5)
    await street.slack.until(lambda: len(told(street.slack, "C012")) == 5)
    await street.discord.until(lambda: len(told(street.discord, CHANNEL)) == 5)
    await street.hook.until(lambda: len(street.hook.applied) == 5)

    async def mailed():
        return len(await box.mailbox()) == 3

    await eventually(mailed)


async def news_are_heard(street, daemon):
    """Its vendor's webhook has the official page asked again, long before its time."""
    asked = street.asked(SUMMARY)
    assert (await daemon.web.post("/hooks/x/guessed", json={})).status_code == 404
    assert (await daemon.web.post(f"/hooks/x/{HOOK}", json={"incident": {}})).status_code == 204
    await eventually(lambda: street.asked(SUMMARY) > asked)


def read_at(text, words, began, flipped, zone):
    """When the official page was read: before the outage, for it is asked now and then only."""
    clock = spanish if words.startswith("consultada") else english
    found = re.search(rf"\({words}(?: at)? ([^()]+)\)\.", text)
    assert found, text
    assert found[1] in between(began, flipped, zone, clock)
    return found[1]


def check_thread(messages, said):
    """A chat reads: the news; in its thread who is on it; the end as news again. The first message is kept true."""
    assert [lines(message.text) for message in messages] == [
        said.down,
        said.acked,
        said.known,
        said.restored,
        said.over,
    ]
    first = messages[0]
    assert [message.edited for message in messages] == [False, False, True, False, True]
    assert [message.thread for message in messages if not message.edited] == [None, first.ref, first.ref]
    assert {message.ref for message in messages if message.edited} == {first.ref}
    assert [message.loud for message in messages if not message.edited] == [True, False, True]
    # Only one's own plan names somebody, who can be touched on Telegram.
    assert {name for message in messages for name in message.mentions} <= {"newsroom"}


def check_mails(mails, said):
    """One thread, each mail with its own first line as its subject, in text and on a page."""
    assert [mail["Subject"] for mail in mails] == [said.down[0], said.acked[0], said.restored[0]]
    first, *later = mails
    thread = first["References"].split()[0]
    assert [mail["References"].split()[0] for mail in mails] == [thread] * 3
    assert [mail["In-Reply-To"] for mail in later] == [first["Message-ID"]] * 2
    assert {mail["To"] for mail in mails} == {DESK}
    for mail, words in zip(mails, (said.down, said.acked, said.restored), strict=True):
        assert read_notice(mail) == words
        assert all(line in Page(mail).text for line in words)
        assert PASSWORD not in mail.as_string()
