"""Mails that come back: a report counts if it is one, is about a mail of ours, and says that the address is gone."""

from __future__ import annotations

import asyncio
import random
import smtplib
import ssl
from dataclasses import replace

import pytest
from pydantic import ValidationError

from bot.channels.email import BounceBox, EmailSettings
from bot.channels.email.bounces import bounces
from bot.model import Delivery, DeliveryAction, DeliveryStatus, Destination, Digest, Notice, Text, Tone
from bot.scheduler.bounces import Bounces, MailboxUnavailable
from bot.store import open_store
from tests import sqlite
from tests.engine import NOTHING, engine
from tests.fakes.mail import PASSWORD, SENDER, USER, free_ports, mail_server
from tests.store.made import NOW, settle, take

ANA = Destination("email", "ana@example.org")
OURS = "<0123456789abcdef01234567@example.org>"
REPORT = """From: MAILER-DAEMON@mx.example.org
To: tocsin@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Fri, 20 Nov 2026 08:00:03 +0000

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; in.example.org
Diagnostic-Code: smtp; 550 {status} User unknown

--b
Content-Type: {kind}

Message-ID: {original}
Subject: digest

--b--
"""


def report(address=ANA.place, action="failed", status="5.1.1", original=OURS, kind="text/rfc822-headers"):
    text = REPORT.format(address=address, action=action, status=status, original=original, kind=kind)
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_a_report_says_which_address_is_gone_and_of_which_mail(kind):
    (found,) = bounces(report(kind=kind))
    assert (found.address, found.original) == (ANA.place, OURS)
    assert (found.said, found.reporter) == ("550 5.1.1 User unknown", "mx.example.org")


@pytest.mark.parametrize(
    "mail",
    [
        report(action="delayed", status="4.4.1"),
        report(action="failed", status="4.4.7"),
        report(action="delivered", status="2.0.0"),
        report(action="failed", status="5.2.2"),
        report(action="failed", status="5.7.1"),
        report(original=""),
        report(address="nobody"),
        report().replace(b"multipart/report", b"multipart/mixed"),
        report().replace(b"delivery-status;", b"disposition-notification;"),
        report().replace(b"message/delivery-status", b"text/plain"),
        b"",
        b"\xff" * 1000,
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n",
        b"Subject: hello\r\n\r\nFinal-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + b'--b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' * 5000,
    ],
)
def test_anything_else_says_nothing(mail):
    assert bounces(mail) == ()


def test_a_report_of_thousands_names_a_few_and_garbage_is_no_error():
    block = b"\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    whole = report().replace(
        b"\r\n--b\r\nContent-Type: text/rfc822", block * 3000 + b"\r\n--b\r\nContent-Type: text/rfc822"
    )
    assert 1 <= len(bounces(whole)) <= 20
    dice = random.Random(7)
    for _ in range(300):
        mail = bytearray(report())
        for _ in range(dice.randint(1, 30)):
            mail[dice.randrange(len(mail))] = dice.randrange(256)
        assert len(bounces(bytes(mail))) <= 1


@pytest.mark.parametrize(
    "server",
    [
        "imap://u@mail.example.org",
        "imaps://mail.example.org",
        "imaps://u:secret@h",
        "http://u@h",
        "imaps://u@h/x",
        "imaps://u@h:99999",
    ],
)
def test_a_mailbox_that_cannot_be_is_refused_without_its_password(server):
    with pytest.raises(ValidationError) as wrong:
        BounceBox(server=server, password="mail-pass-1")
    assert "mail-pass-1" not in str(wrong.value)


def of(port, password=PASSWORD):
    box = {"server": f"imap://{USER.replace('@', '%40')}@127.0.0.1:{port}", "password": password}
    return EmailSettings.model_validate(
        {"server": "smtp://127.0.0.1:2525", "security": "none", "from": SENDER, "bounces": box}
    )


@pytest.fixture
async def store(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as opened:
        yield opened


async def sent(store, ref=OURS):
    """A digest that the relay took."""
    notice = Notice("digest:comms:1/1", "digest:comms:1", Tone.INFO, Text("d"))
    await store.deliveries.add([Delivery(f"{notice.key}@{ANA}", ANA, DeliveryAction.POST, notice, "comms")], NOW)
    (row,) = await take(store, "email", NOW)
    await settle(store, row, DeliveryStatus.SENT, NOW, ref=ref)


def part(store, settings):
    known = replace(NOTHING, digests={"comms": Digest("comms", "08:00", (ANA,))})
    recorder = engine(store, {}, lambda: NOW, known).recorder
    return Bounces(settings, recorder), recorder.places.digests


async def test_reports_in_a_mailbox_mark_the_address_of_a_mail_of_ours_once(store, tmp_path):
    await sent(store)
    async with mail_server(tmp_path) as server:
        look, people = part(store, of(server.imap_port))
        await look.look()
        await asyncio.to_thread(_drop, server, report(original="<forged@example.org>"))
        await asyncio.to_thread(_drop, server, report(address="other@example.org"))
        await asyncio.to_thread(_drop, server, b"Subject: hello\r\n\r\nI like your digest.\r\n")
        await look.look()
        assert people.undeliverable == {}
        await asyncio.to_thread(_drop, server, report(address="Ana@example.org"))
        await look.look()
        assert set(people.undeliverable) == {ANA}
        await people.retry(ANA)
        await look.look()  # read already
        assert people.undeliverable == {}
        assert len(await server.mailbox()) == 4  # nothing in it is changed


def _drop(server, mail):
    with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=10) as smtp:
        smtp.starttls(context=ssl._create_unverified_context())
        smtp.login(server.user, server.password)
        smtp.sendmail("daemon@example.org", [server.user], mail)


async def test_a_mailbox_that_cannot_be_read_is_said_without_the_password(store, tmp_path):
    (port,) = free_ports(1)
    look, _ = part(store, of(port))
    with pytest.raises(MailboxUnavailable, match=r"the mailbox of bounces at 127\.0\.0\.1 cannot be read: "):
        await look.look()
    async with mail_server(tmp_path) as server:
        look, _ = part(store, of(server.imap_port, "wrong-pass-9"))
        with pytest.raises(MailboxUnavailable) as wrong:
            await look.look()
        assert "wrong-pass-9" not in str(wrong.value)
