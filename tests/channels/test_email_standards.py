"""Headers judged by those who know the standards better than we do: the library's strict parser for RFC 5322, and
`listunsub` for RFC 2369 and 8058.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from email.headerregistry import Address
from email.utils import parsedate_to_datetime

import listunsub
import pytest

from bot.channels.email import address
from bot.channels.email.render import Letters
from bot.model import Delivery, DeliveryAction, Destination, Style
from tests.channels.mails import LINK, LOOK, MAILS, SENDER

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
STYLE = Style("es", "America/New_York")
READERS = ("ana@example.org", "Ana María <ana+digest@example.org>", f"{'a' * 64}@{'b' * 60}.example.org")
SENDERS = (SENDER, Address("Tocsin, of the “Herald”", addr_spec="o'brien=x@example.org"))


def raw(name, to="ana@example.org", sender=SENDER, *, link=LINK, dkim=True, audience="comms"):
    notice = replace(MAILS[name](STYLE), unsubscribe=link)
    place = Destination("email", to)
    row = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience)
    return Letters(sender, LOOK, dkim=dkim).write(row, address(to)).content


def fields(content):
    """Each header as it stands in the mail, unfolded."""
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    return [tuple(one.split(": ", 1)) for one in re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")]


def some(content, name):
    return [value for key, value in fields(content) if key.lower() == name.lower()]


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("to", READERS)
@pytest.mark.parametrize("name", MAILS)
def test_a_strict_parser_finds_no_defect_in_any_header_or_part(name, to, sender):
    content = raw(name, to, sender)
    mail = email.message_from_bytes(content, policy=STRICT)
    for part in mail.walk():
        assert not part.defects
        for value in part.values():
            assert not getattr(value, "defects", ())
    once = [key.lower() for key, _ in fields(content)]
    assert len(once) == len(set(once))
    assert {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"} <= set(once)
    # A longer line is one address or one id, which cannot be broken.
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 78 or b" " not in line.partition(b": ")[2] for line in lines)
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))  # RFC 5322 §2.1.1
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", content)
    assert content.isascii()


@pytest.mark.parametrize("name", MAILS)
def test_ids_and_the_date_are_what_rfc_5322_says(name):
    content = raw(name)
    ids = re.compile(r"<[A-Za-z0-9_.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+>")
    (own,), (refs,) = some(content, "Message-ID"), some(content, "References")
    assert ids.fullmatch(own)
    assert all(map(ids.fullmatch, refs.split()))
    assert parsedate_to_datetime(some(content, "Date")[0]).tzinfo is not None
    assert re.fullmatch(r"<[A-Za-z0-9_-]+\.[A-Za-z0-9.-]+>", some(content, "List-Id")[0])  # RFC 2919


@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("name", MAILS)
def test_one_click_is_as_rfc_8058_says_for_a_reader_with_a_link(name, sender):
    content = raw(name, sender=sender)
    assert listunsub.audit(some(content, "List-Unsubscribe"), some(content, "List-Unsubscribe-Post")) == []
    found = listunsub.parse_header(some(content, "List-Unsubscribe")[0], strict=True)
    assert found.https == (LINK,)
    assert listunsub.parse_mailto(found.mailto[0], strict=True).to == (sender.addr_spec,)


@pytest.mark.parametrize(
    ("link", "dkim"), [("", True), ("http://status.example.org/unsubscribe/x", True), (LINK, False)]
)
def test_without_a_signature_or_a_safe_address_one_click_is_not_promised_and_a_mail_still_does(link, dkim):
    content = raw("digest-quiet", link=link, dkim=dkim)
    codes = {
        one.code for one in listunsub.audit(some(content, "List-Unsubscribe"), some(content, "List-Unsubscribe-Post"))
    }
    assert codes <= {"no-https", "missing-post"}
    assert listunsub.parse_header(some(content, "List-Unsubscribe")[0], strict=True).mailto


def test_a_mail_program_s_own_post_is_read_as_one_click():
    request = listunsub.one_click_request(LINK)
    assert listunsub.is_one_click(some(raw("digest-quiet"), "List-Unsubscribe-Post")[0])
    assert request.url == LINK
