"""What stands around a mail, read back by a parser: the list it belongs to, and how to leave it."""

from __future__ import annotations

import email
import email.policy
import re
from email.headerregistry import Address
from urllib.parse import unquote

import pytest

from bot.channels.email import address
from bot.channels.email.render import Letters
from bot.model import Delivery, DeliveryAction, Destination, Notice, Text, Tone

SENDER, ANA = address("Tocsin <tocsin@example.org>"), address("ana@example.org")
PLACE = Destination("email", "ana@example.org")
TOKEN = "dfIr0kLxw7Ck1pQ3u9-eBk2V0z8AAGkY9gA4mM2Rfkq3n8h_c1W"
PAGE = f"https://status.a-rather-long-name.example.org/some/path/unsubscribe/{TOKEN}"


def letter(audience="comms", thread="digest:comms:2026-11-20", *, link="", dkim=True, sender=SENDER):
    notice = Notice(
        f"{thread}/1", thread, Tone.INFO, Text("📰 comms: no incidents", ("All is well.",)), unsubscribe=link
    )
    delivery = Delivery(f"{notice.key}@{PLACE}", PLACE, DeliveryAction.POST, notice, audience)
    content = Letters(sender, dkim=dkim).write(delivery, ANA).content
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    return email.message_from_bytes(content, policy=email.policy.default), head


def uris(mail):
    """The addresses of List-Unsubscribe (RFC 2369): each in angle brackets, with commas between."""
    text = " ".join(str(mail["List-Unsubscribe"]).split())
    assert re.fullmatch(r"<[^<>\s]+>(, <[^<>\s]+>)*", text)
    return re.findall(r"<([^<>]+)>", text)


def test_a_reader_with_a_link_can_leave_by_one_click_or_by_mail():
    mail, head = letter(link=PAGE)
    assert uris(mail) == [PAGE, "mailto:tocsin@example.org?subject=unsubscribe%20comms"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{PAGE}>,\r\n <mailto:" in head  # whole, on one line: an encoded word is no address
    assert "=?" not in head.partition("List-Unsubscribe:")[2].partition("\r\nList")[0]
    body = mail.get_body(("plain",)).get_content()
    assert PAGE in body.replace(" \n", " ")
    assert PAGE in mail.get_body(("html",)).get_content()


@pytest.mark.parametrize(("link", "dkim"), [("", True), (PAGE, False), (PAGE.replace("https:", "http:"), True)])
def test_one_click_is_promised_only_for_a_signed_mail_with_an_address_that_nobody_overhears(link, dkim):
    mail, _ = letter(link=link, dkim=dkim)
    assert mail["List-Unsubscribe-Post"] is None
    assert uris(mail) == [*filter(None, [link]), "mailto:tocsin@example.org?subject=unsubscribe%20comms"]


@pytest.mark.parametrize(
    ("audience", "subject"),
    [("desk", "unsubscribe desk"), (str(PLACE), "unsubscribe"), ("prensa y más", "unsubscribe prensa y más")],
)
def test_notices_can_be_left_by_mail(audience, subject):
    mail, _ = letter(audience, "x#17")
    (uri,) = uris(mail)
    assert unquote(uri) == f"mailto:tocsin@example.org?subject={subject}"
    assert mail["Precedence"] is mail["Feedback-ID"] is None


def test_a_machine_says_so_and_a_digest_says_which_list_it_is():
    mail, _ = letter(link=PAGE)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<comms.example.org>"
    assert mail["Precedence"] == "list"
    assert mail["Feedback-ID"] == "comms:digest:tocsin"
    for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Id", "List-Unsubscribe"):
        assert len(mail.get_all(name)) == 1  # RFC 5322: each once


def test_a_mail_to_one_person_belongs_to_no_list():
    mail, _ = letter("", "digest-request:ab")
    names = {name.lower() for name in mail.keys()}  # noqa: SIM118  a message is no dictionary
    assert not {name for name in names if name.startswith("list-")} | (names & {"precedence", "feedback-id"})
    assert mail["Auto-Submitted"] == "auto-generated"


def test_nothing_from_outside_becomes_a_header():
    for text in ("a\r\nBcc: x@example.org", "a>, <https://evil.example/", "a\nb"):
        mail, head = letter(text)
        assert mail["Bcc"] is None
        assert len(uris(mail)) == 1
        assert "evil" not in unquote(uris(mail)[0]).partition("?")[0]
        assert head.count("List-Unsubscribe:") == 1


def test_an_odd_sender_is_still_an_address():
    mail, _ = letter(sender=Address("T", "to,c?s&in+x", "example.org"))
    (uri,) = uris(mail)
    assert unquote(uri.removeprefix("mailto:").partition("?")[0]) == '"to,c?s&in+x"@example.org'
