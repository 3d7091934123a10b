"""14 July 2022 with all its lines: our checks, the silent status page, what two trackers say, the plan; and its end. Told on
four channels in two languages, by `tocsin run` as a process, and read back as people read it.
"""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.fakes.mail import USER, Page, mail_server, read_notice
from tests.fakes.site import page
from tests.fakes.trackers import CLIENT, SECRET, FakeDowndetector, FakeIsItDown
from tests.flow.house import CHANNEL, DESK, GROUP, eventually, world
from tests.flow.spoken import between, english, instant, lasted, spanish
from tests.flow.test_story import lines

COMPANY = 12345
PLAN = "breaking news goes to Telegram @newsroom and to the site banner."
QUIET = {
    "page": {"name": "X", "url": "https://status.example.org"},
    "status": {"indicator": "none", "description": "No incidents reported"},
    "components": [],
    "incidents": [],
    "scheduled_maintenances": [],
}
READ = re.compile(r"\((?:as of|consultada a) ([^()]+)\)\.")
MAIL_OF_THE_DESK, MAIL_IN_MADRID = DESK, "redaccion@example.org"
PLACES = {  # by language, by channel
    "en": {"slack": "C012", "telegram": GROUP, "discord": "112233445566778801", "email": MAIL_OF_THE_DESK},
    "es": {"slack": "C034", "telegram": "-100456", "discord": CHANNEL, "email": MAIL_IN_MADRID},
}


@dataclass(frozen=True)
class Facts:
    """When it was, as /status.json says it."""

    since: datetime
    confirmed: datetime
    until: datetime

    def in_english(self, zone: str, read: str) -> tuple[list[str], list[str]]:
        since, confirmed, until = (english(at, zone) for at in (self.since, self.confirmed, self.until))
        down = [
            f"🔴 X (Twitter): down since {since}",
            f"Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at {confirmed}",
            f"Official status page: no incident reported (as of {read}).",
            "Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.",
            f"Plan: {PLAN}",
        ]
        length = lasted(self.since, self.until)
        return down, [
            f"🟢 X (Twitter): down since {since}, restored {until} ({length})",
            "The official status page never reported it. Everything else you follow is up.",
        ]

    def in_spanish(self, zone: str, read: str) -> tuple[list[str], list[str]]:
        since, confirmed, until = (spanish(at, zone) for at in (self.since, self.confirmed, self.until))
        down = [
            f"🔴 X (Twitter) no funciona desde {since}",
            (f"Web, app y TweetDeck no responden (HTTP 503). Lo confirmaron nuestras comprobaciones a {confirmed}."),
            f"Página de estado oficial: sin incidencias (consultada a {read}).",
            "Avisos de usuarios: 1.243 en la última hora, normalmente 35 (Downdetector). IsItDownRightNow: caído.",
            f"Plan: {PLAN}",
        ]
        length = lasted(self.since, self.until, "menos de 1 min")
        return down, [
            f"🟢 X (Twitter): caído desde {since}, restablecido a {until} ({length})",
            "La página de estado oficial nunca informó de ello. Todo lo demás que sigues funciona.",
        ]


def madrid() -> str:
    """Where it is today and stays so; at night another zone stands in."""
    night = datetime.now(ZoneInfo("Europe/Madrid")).hour in {23, 0}
    return "America/Bogota" if night else "Europe/Madrid"


@asynccontextmanager
async def trackers(street):
    """Both know of the outage before we do. Of their word alone nothing is told to those who want to be sure."""
    async with FakeDowndetector() as reports, FakeIsItDown() as isit:
        reports.has(COMPANY, "danger", 1243, 35)
        isit.down.add("x.com")
        street.environment["DOWNDETECTOR_ID"] = CLIENT
        secret = street.folder / "downdetector.secret"
        secret.write_text(f"{SECRET}\n")
        secret.chmod(0o600)
        account = {"client_id": "${DOWNDETECTOR_ID}", "client_secret_file": "downdetector.secret"}
        street.config["trackers"] = {
            "downdetector": {**account, "api_url": reports.config["api_url"]},
            "isitdownrightnow": isit.config,
        }
        yield reports, isit
        assert (reports.broken, isit.broken) == ([], [])


def configure(street, box) -> None:
    said, x = street.config, street.config["services"]["x"]
    street.site.paths["/quiet/api/v2/summary.json"] = page(body=json.dumps(QUIET))
    x["official"] = {"kind": "statuspage", "url": street.site.url("/quiet")}
    x["trackers"] = [{"kind": "downdetector", "company": COMPANY}, {"kind": "isitdownrightnow", "domain": "x.com"}]
    x["plan"] = PLAN
    said["defaults"]["confirm_every"] = "0.8s"  # time for the trackers to be heard before it is confirmed
    said["channels"].pop("webhook")
    email = {"server": f"smtp://{USER}@127.0.0.1:{box.smtp_port}", "security": "starttls", "ca_file": str(box.ca_file)}
    said["channels"]["email"] |= email
    said["audiences"] = {
        language: {"broadcast": [f"{kind}:{place}" for kind, place in places.items()], "language": language}
        for language, places in PLACES.items()
    }
    said["audiences"]["es"] |= {"clock": "24h", "timezone": madrid()}


def told(street, language):
    """What was written in the chats of this language, in order, by channel."""
    places = PLACES[language]
    chats = {"slack": street.slack, "telegram": street.telegram, "discord": street.discord}
    return {kind: [m for m in fake.applied if m.place == places[kind]] for kind, fake in chats.items()}


async def everywhere(street, box, count: int, mails: int) -> None:
    """Wait until every chat has so many messages, rewritten ones included, and every mailbox so many mails."""

    async def there():
        chats = [len(found) for language in PLACES for found in told(street, language).values()]
        return min(chats) >= count and len(await box.mailbox()) >= 2 * mails

    await eventually(there, within=20)


async def test_the_whole_story_is_told_everywhere_in_two_languages(tmp_path):
    async with world(tmp_path) as street, mail_server(tmp_path) as box, trackers(street) as (reports, isit):
        configure(street, box)
        began = datetime.now(UTC)
        street.cold = True
        async with street.daemon(heard=False) as daemon:
            await daemon.becomes("possible")  # so say the trackers: that is told to nobody here
            flipped = datetime.now(UTC)
            street.fail()
            await everywhere(street, box, 1, 1)
            street.heal()
            await everywhere(street, box, 3, 2)
            incident = await daemon.incident("until")
            mails, log = await box.mailbox(), daemon.printed
    assert [secret for secret in (*reports.secrets, CLIENT, SECRET) if secret in log] == []
    assert len(reports.asked("tokens")) == 1
    assert isit.asked("x.com") == 1

    facts = Facts(*(instant(incident[name]) for name in ("since", "confirmed_at", "until")))
    assert flipped.replace(microsecond=0) <= facts.since <= facts.confirmed <= facts.until
    for language, zone, clock in (("en", street.zone, english), ("es", madrid(), spanish)):
        chats = told(street, language)
        read = READ.search(chats["slack"][0].text)[1]
        assert read in between(began, facts.confirmed, zone, clock)
        down, restored = (facts.in_english if language == "en" else facts.in_spanish)(zone, read)
        for messages in chats.values():
            check_chat(messages, down, restored)
        check_mails([mail for mail in mails if mail["To"] == PLACES[language]["email"]], down, restored)


def check_chat(messages, down, restored):
    """The news; its end as news in the same thread; and the first message updated, without what will not stay true."""
    never = restored[1].partition(". ")[0] + "."
    assert [lines(message.text) for message in messages] == [down, restored, [restored[0], never]]
    first, end, rewritten = messages
    assert (first.thread, end.thread, rewritten.ref) == (None, first.ref, first.ref)
    assert [message.edited for message in messages] == [False, False, True]
    assert first.loud
    assert end.loud


def check_mails(mails, down, restored):
    assert [mail["Subject"] for mail in mails] == [down[0], restored[0]]
    assert mails[1]["In-Reply-To"] == mails[0]["Message-ID"]
    for mail, words in zip(mails, (down, restored), strict=True):
        assert read_notice(mail) == words
        assert all(line in Page(mail).text for line in words)
