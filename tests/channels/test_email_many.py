"""A thousand mails of one digest: what they have in common is made once, and what is each reader's own is not mixed up."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from time import process_time

import pytest

from bot.channels.email import render
from bot.channels.email.render import KEPT, Letters
from bot.model import (
    ChangeKind,
    Delivery,
    DeliveryAction,
    DeliverySummary,
    Destination,
    DigestOrder,
    Overview,
    Service,
    ServiceState,
)
from bot.notify import digest
from bot.offload.pool import OverranError
from tests.channels.test_email_look import told
from tests.fakes.mail import read_text
from tests.wording.outages import DOWN, EN, ES, at

SENDER = Address("Tocsin", addr_spec="tocsin@example.org")
NOW, WEEK = at(20), timedelta(days=7)


def busy(services=12, outages=20):
    names = [Service(f"s{n}", f"Service {n}", ("web",)) for n in range(services)]
    states = tuple((one, ServiceState(one.id, up_since=NOW - 2 * WEEK)) for one in names)
    recent = []
    for n in range(outages):
        begun = NOW - timedelta(hours=6 * n + 5)
        recent.append(
            replace(DOWN, service=f"s{n % services}", number=n + 1, since=begun, until=begun + timedelta(minutes=n + 3))
        )
    return Overview(NOW, states, recent=tuple(recent))


def notices(style=EN, name="comms"):
    period = digest.Period(NOW - WEEK, NOW)
    order = DigestOrder(name, attach=("csv",))
    return digest.notices(order, busy(), period, style, DeliverySummary(), by_mail=True)


def mails(letters, made, count):
    for number in range(count):
        place = Destination("email", f"r{number}@example.org")
        row = digest.delivery(made, place, "comms")
        link = f"https://status.example.org/unsubscribe/{number:048}"
        row = replace(row, notice=replace(row.notice, unsubscribe=link))
        yield number, link, letters.write(row, Address("", addr_spec=place.place))


@pytest.fixture
def drawn(monkeypatch):
    """How often a body was made."""
    calls, real = [], render.body

    def counted(*given):
        calls.append(given)
        return real(*given)

    monkeypatch.setattr(render, "body", counted)
    return calls


def test_a_thousand_readers_of_one_look_are_one_page_and_each_has_its_own_link(drawn):
    letters, made = Letters(SENDER), notices()
    seen = set()
    for number, link, mail in mails(letters, made, 1000):
        assert mail.to == f"r{number}@example.org"
        seen.add(mail.id)
        if number % 250:
            continue
        parsed = email.message_from_bytes(mail.content, policy=email.policy.default)
        assert not list(parsed.defects)
        assert f"<{link}>" in parsed["List-Unsubscribe"]
        assert link in read_text(parsed)
        assert parsed.get_body(("html",)).get_content().count(f'href="{link}"') == 1
        assert parsed.as_string().count("/unsubscribe/") == 3  # the header, the text and the page
    assert len(seen) == 1000
    assert len(drawn) == 1


def test_each_look_is_made_once_and_few_are_held(drawn):
    letters = Letters(SENDER)
    for style in (EN, ES, replace(EN, timezone="Africa/Cairo"), replace(EN, clock="24h")):
        for _ in mails(letters, notices(style), 5):
            pass
    assert len(drawn) == 4
    for number in range(2 * KEPT):
        for _ in mails(letters, notices(name=f"d{number}"), 1):
            pass
    assert len(letters._bodies) == KEPT


def test_bodies_take_no_more_memory_than_is_allowed(monkeypatch):
    letters = Letters(SENDER)
    monkeypatch.setattr(render, "KEPT_BYTES", 1)
    for _, _, mail in mails(letters, notices(), 2):
        assert mail.content
    assert not letters._bodies


def test_a_further_mail_costs_a_small_part_of_the_first():
    """By CPU of the same process: a reader's own part is its headers and its footer."""
    letters, made = Letters(SENDER), notices()
    begun = process_time()
    list(mails(letters, made, 1))
    first = process_time() - begun
    begun = process_time()
    list(mails(letters, made, 30))
    assert (process_time() - begun) / 30 < first / 2


async def test_a_large_one_is_made_in_another_process_and_here_only_if_there_is_none(drawn, monkeypatch):
    letters, made = Letters(SENDER), notices()
    asked = []

    async def offload(work, *_, **__):
        asked.append(work)
        raise OverranError("no worker can be had")

    monkeypatch.setattr(render, "offload", offload)
    await letters.prepare(made.full)
    await letters.prepare(made.full)
    assert len(asked) == len(drawn) == 1
    row = digest.delivery(made, Destination("email", "a@example.org"), "comms")
    letters.write(row, Address("", addr_spec="a@example.org"))
    assert len(drawn) == 1


async def test_the_other_process_makes_the_same():
    letters, made = Letters(SENDER), notices()
    await letters.prepare(made.full)
    row = digest.delivery(made, Destination("email", "a@example.org"), "comms")
    (other,) = letters._bodies.values()
    here = render.body(replace(row.notice, key="", thread="", unsubscribe="", root=None), letters.look, "")
    assert abs(other.size - here.size) < 2000  # boundaries and the stamp
    text = letters.write(row, Address("", addr_spec="a@example.org")).content
    assert not email.message_from_bytes(text, policy=email.policy.default).defects


def test_a_notice_to_many_is_one_page_too(drawn):
    letters = Letters(SENDER)
    notice = told(ChangeKind.CONFIRMED)
    for number in range(50):
        place = Destination("email", f"r{number}@example.org")
        row = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, "desk")
        letters.write(row, Address("", addr_spec=place.place))
    assert len(drawn) == 1
