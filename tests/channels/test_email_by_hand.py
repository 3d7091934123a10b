"""What is written by hand in mails because the library is slow: the same as the library writes."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest
from aiosmtplib.email import quote_address

from bot.channels.email import address
from bot.channels.email.pipelining import SIMPLE, quoted
from bot.channels.email.render import POLICY, Lines

NOW = datetime(2022, 7, 14, 12, 2, tzinfo=UTC)
LONG = f"https://status.example.org/unsubscribe/{'t' * 90}"


def by_the_library(name, value, *, utf8):
    mail = EmailMessage(policy=POLICY)
    mail[name] = value
    whole = mail.as_bytes(policy=SMTPUTF8) if utf8 else mail.as_bytes()
    return whole.removesuffix(b"\r\n")


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", address("Tocsin <tocsin@example.org>")),
        ("From", address("Aviso nº 1 <tocsin@example.org>")),
        ("To", address("ana@example.org")),
        ("To", address("Ana <ana@example.org>")),
        ("To", address("a.b+c_d-e@mail.example.org")),
        ("To", address(f"{'a' * 60}@example.org")),
        ("To", address("o'neill@example.org")),
        ("To", address("a/b=c@example.org")),
        ("Subject", "🔴 X (Twitter): down since 2:00 p.m."),
        ("Subject", "Status " * 30),
        ("Date", NOW),
        ("Message-ID", "<0123456789abcdef01234567@example.org>"),
        ("In-Reply-To", "<x-17@example.org>"),
        ("References", "<x-17@example.org> <0123456789abcdef01234567@example.org>"),
        ("List-Id", "<comms.example.org>"),
        ("List-Unsubscribe", "<mailto:tocsin@example.org?subject=unsubscribe%20comms>"),
        ("List-Unsubscribe", f"<{LONG}>, <mailto:tocsin@example.org>"),
        ("List-Unsubscribe", f"<{LONG}>"),
    ],
)
def test_a_header_is_what_the_library_writes(name, value, utf8):
    lines = Lines()
    wanted = by_the_library(name, value, utf8=utf8)
    assert lines.line(name, value, utf8=utf8) == wanted
    assert lines.line(name, value, utf8=utf8) == wanted  # now remembered


def test_an_address_beyond_ascii_is_what_the_library_writes():
    to = address("añá@example.org")
    assert Lines().line("To", to, utf8=True) == by_the_library("To", to, utf8=True)


@pytest.mark.parametrize("name", ["Subject", "List-Id", "Message-ID", "In-Reply-To"])
def test_no_header_brings_a_line_of_its_own(name):
    with pytest.raises(ValueError, match="linefeed"):
        Lines().line(name, "x\r\nBcc: all@example.org", utf8=False)


def test_only_so_many_headers_are_remembered():
    lines = Lines()
    for number in range(1000):
        lines.line("Subject", f"s{number}", utf8=False)
    assert len(lines._known) <= 256


@pytest.mark.parametrize("to", ["ana@example.org", "o'neill+x@mail.example.org", "a@b", "añá@example.org"])
def test_an_envelope_names_an_address_as_the_library_does(to):
    assert SIMPLE.fullmatch(to)
    assert quoted(to) == quote_address(to)


@pytest.mark.parametrize("to", ["", "nobody", '"a b"@example.org', "a@b>\r\nDATA", "<a@b>"])
def test_any_other_is_left_to_the_library(to):
    assert not SIMPLE.fullmatch(to)
    assert quoted(to) == quote_address(to)
