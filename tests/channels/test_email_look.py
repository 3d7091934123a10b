"""How a mail looks: one template for all kinds, light and dark, readable without pictures, and nothing fetched."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import re
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser
from time import process_time

import pytest

from bot import wording
from bot.channels.email import page, plain
from bot.channels.email.render import Letters
from bot.config import ConfigError, load
from bot.config.mail import MailConfig
from bot.contracts import ChannelContext
from bot.model import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryAction,
    Destination,
    DigestOrder,
    MailLook,
    Notice,
    Overview,
    Sent,
    Service,
    ServiceState,
    Text,
    Tone,
)
from bot.notify import digest
from tests.fakes.mail import Page, mail_server, read_text, settings
from tests.wording.outages import DOWN, EN, ES, INVESTIGATING, X, at

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
LOOK = MailLook("The <b>Herald</b>", "#7a1f3d", "Communications desk, ext. 12", PNG, "png")
PLANNED = dataclasses.replace(X, plan="news goes to Telegram & the site banner")
SAYS = dataclasses.replace(INVESTIGATING, link="https://status.x.example/i/1")
SENDER = Address("Tocsin", addr_spec="tocsin@example.org")
READER = Address("", addr_spec="ana@example.org")


def told(kind: ChangeKind, style=EN, **more: object) -> Notice:
    incident = dataclasses.replace(DOWN, reports=(SAYS,), official_last=SAYS, confirmed_at=at(14, 1), **more)
    return wording.notice(Change(kind, at(15), incident), PLANNED, style)


def written(notice: Notice, look: MailLook = LOOK, audience: str = "desk") -> EmailMessage:
    place = Destination("email", "ana@example.org")
    delivery = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience)
    mail = Letters(SENDER, look).write(delivery, READER)
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def cpu(work) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def html(mail: EmailMessage) -> str:
    return mail.get_body(("html",)).get_content()


class Shape(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


KINDS = {
    "down": told(ChangeKind.CONFIRMED),
    "restored": told(ChangeKind.RESTORED, until=at(14, 50), steps=3, official_at=at(14, 21)),
    "correction": told(ChangeKind.RETRACTED, until=at(14, 50), steps=3, retracted=True),
    "en español": told(ChangeKind.CONFIRMED, ES),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_fetches_nothing_and_has_what_readers_and_programs_need(kind):
    notice, mail = KINDS[kind], written(KINDS[kind])
    shape, text = Shape(html(mail)), html(mail)
    assert shape.all("html")[0]["lang"] == notice.style.language
    assert {"name": "color-scheme", "content": "light dark"} in shape.all("meta")
    assert len(shape.all("h1")) == 1
    assert [image["src"] for image in shape.all("img")] == ["cid:logo"]
    assert not re.search(r"@import|url\(|<link|<script", text)
    allowed = {"mailto:tocsin@example.org", "cid:logo", "https://status.x.example/i/1"}
    assert set(Page(mail).links) <= allowed
    assert len(text.encode()) < 100_000
    assert "The &lt;b&gt;Herald&lt;/b&gt;" in text


def test_the_logo_is_in_the_mail_and_can_be_missed():
    mail = written(KINDS["down"])
    (logo,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (logo["Content-ID"], logo.get_content()) == ("<logo>", PNG)
    assert logo.get_content_disposition() == "inline"
    bare = written(KINDS["down"], MailLook())
    assert [part.get_content_type() for part in bare.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert Shape(html(bare)).all("img") == []


def test_the_plan_and_the_vendor_s_words_stand_apart():
    text = html(written(KINDS["down"]))
    assert re.search(r'class="plan"[^>]*><strong>Plan: news goes to Telegram &amp; the site banner\.</strong>', text)
    (quote,) = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", text)
    assert "Investigating elevated errors" in quote
    (quote,) = re.findall(r"<blockquote[^>]*>(.*?)</blockquote>", html(written(KINDS["restored"])))
    assert '<a href="https://status.x.example/i/1">' in quote


@pytest.mark.parametrize(
    ("kind", "label", "colour"),
    [
        ("down", "Down", page.COLOURS[Tone.DOWN]),
        ("restored", "Restored", page.COLOURS[Tone.UP]),
        ("correction", "Correction", page.COLOURS[Tone.CORRECTION]),
        ("en español", "Caído", page.COLOURS[Tone.DOWN]),
    ],
)
def test_each_kind_looks_like_what_it_is(kind, label, colour):
    (style, said) = re.findall(r'<span class="label" style="([^"]*)">([^<]*)</span>', html(written(KINDS[kind])))[0]
    assert said == label
    assert f"background:{colour};" in style


@pytest.mark.parametrize("colour", [*page.COLOURS.values(), "#7a1f3d", "#ffd400", "#808080", "#ffffff", "#000000"])
def test_letters_can_be_read_on_every_colour(colour):
    letters = page.ink(colour)
    assert contrast(colour, letters) >= 4.5
    assert letters == "#ffffff" or colour not in page.COLOURS.values()


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_text_has_72_columns_and_reads_back_whole():
    words = Text("X: " + "long " * 15, ("word " * 60, "> not a quotation", "From here on", " begins with a space"))
    mail = written(dataclasses.replace(KINDS["down"], words=words, plan="", quotes=()))
    lines = mail.get_body(("plain",)).get_content().splitlines()
    assert max(map(len, lines)) <= plain.WIDTH
    assert mail.get_body(("plain",)).get_param("format") == "flowed"
    shown = read_text(mail).split("\n")
    assert shown[0] == words.title.strip()
    assert ("word " * 60).strip() in shown
    assert {"> not a quotation", "From here on", " begins with a space"} <= set(shown)


@pytest.mark.parametrize(
    ("audience", "why"),
    [
        ("desk", "You get this because your address is on the list “desk”."),
        ("tocsin:admins", "You get this because your address is one of Tocsin's admins."),
        ("email:ana@example.org", "You get this because this address has subscribed."),
        ("", "Somebody who runs Tocsin sent this to your address."),
    ],
)
def test_a_mail_says_why_it_came_and_how_to_stop_it(audience, why):
    mail = written(KINDS["down"], audience=audience)
    for said in (read_text(mail), Page(mail).text):
        assert why in said
        assert "To stop these mails, write to tocsin@example.org" in said
        assert "Communications desk, ext. 12" in said
        assert "Reference: x#17" in said


@pytest.mark.parametrize(
    ("given", "color"),
    [("#7a1f3d", "#7a1f3d"), ("7A1F3D", "#7a1f3d"), ("#ABC", "#aabbcc")],
)
def test_a_colour_is_taken_as_people_write_it(given, color):
    assert MailConfig(color=given).look.color == color


@pytest.mark.parametrize("wrong", ["red", "#12345", "#1f4e79; background: url(x)", "", "#12345678"])
def test_what_is_no_colour_is_refused(wrong):
    with pytest.raises(ValueError, match="expected a colour"):
        MailConfig(color=wrong)


@pytest.mark.parametrize("content", [b"", b"<svg/>", PNG + bytes(100_001)])
def test_what_is_no_picture_for_a_mail_is_refused(content, tmp_path):
    file = tmp_path / "logo.png"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="expected a PNG, JPEG or GIF"):
        MailConfig(logo=file)


def test_a_logo_that_is_gone_later_keeps_no_mail_back(tmp_path):
    file = tmp_path / "logo.png"
    file.write_bytes(PNG)
    config = MailConfig(logo=file)
    assert config.look.logo == PNG
    file.unlink()
    assert config.look.logo == b""


def test_a_logo_is_looked_for_beside_the_config(tmp_path):
    (tmp_path / "logo.png").write_bytes(PNG)
    file = tmp_path / "config.yaml"
    file.write_text(
        'services: {x: {routes: {web: {kind: http, url: "https://x.example/"}}}}\nmail: {logo: logo.png, color: "#abc"}\n'
    )
    assert load(file).mail.look.logo == PNG
    (tmp_path / "logo.png").unlink()
    with pytest.raises(ConfigError, match=r"config.yaml:2:8: mail.logo: "):
        load(file)


def a_digest(style=EN, **order: object) -> Notice:
    down = dataclasses.replace(DOWN, until=at(14, 50), confirmed_at=at(14, 1))
    services = tuple((s, ServiceState(s.id, up_since=at(0))) for s in (X, Service("mail", "Our <mail>")))
    seen = Overview(at(20), services, recent=(down,))
    place = Destination("email", "ana@example.org")
    (row,) = digest.deliveries(
        "comms",
        seen,
        digest.Period(at(20) - timedelta(days=1), at(20)),
        [place],
        style,
        services=(),
        order=DigestOrder("comms", "Morning brief", **order),
    )
    return row.notice


async def test_a_digest_is_read_back_by_imap_with_its_pictures_and_files(tmp_path):
    async with mail_server(tmp_path) as server:
        user = server.user.replace("@", "%40")
        config = settings(
            f"smtps://{user}@127.0.0.1:{server.smtps_port}", password=server.password, ca_file=server.ca_file
        )
        notice = a_digest(attach=("csv",))
        place = Destination("email", "ana@example.org")
        async with config.open(ChannelContext(None, (), None, None, LOOK)) as channel:
            receipt = await channel.send(Delivery("k", place, DeliveryAction.POST, notice, "comms"))
        assert isinstance(receipt, Sent)
        (mail,) = await server.mailbox()
    assert mail["Subject"] == "📰 Morning brief, Thursday, July 14: 1 outage, 50 min"
    assert (mail["Precedence"], mail["List-Id"]) == ("list", "<comms.example.org>")
    shown = html(mail)
    named = set(re.findall(r'src="cid:([^"]+)"', shown))
    pictures = {part["Content-ID"].strip("<>"): part for part in mail.walk() if part["Content-ID"]}
    assert named == set(pictures) == {"logo", "bar1", "bar2"}
    assert all(part.get_content().startswith(b"\x89PNG") for part in pictures.values())
    assert [part.get_filename() for part in mail.iter_attachments() if part.get_filename()] == [
        "outages-2022-07-14.csv",
        "uptime-2022-07-14.csv",
    ]
    shape = Shape(shown)
    assert all(image["alt"] for image in shape.all("img") if image["src"] != "cid:logo")
    assert len(shape.all("h1")) == 1
    assert {scope["scope"] for scope in shape.all("th")} == {"col", "row"}
    assert "Our &lt;mail&gt;" in shown
    text = read_text(mail)
    assert max(map(len, mail.get_body(("plain",)).get_content().splitlines())) <= plain.WIDTH
    assert "Reference:" not in text
    assert "You get this because your address is on the list of the digest “Morning brief”." in text
    plain_words = {word for word in text.replace("\n-- \n", "\n").split() if word != ">"}
    assert plain_words <= set(Page(mail).text.split())


def test_bars_are_pictures_without_letters_and_each_slot_is_seen():
    drawn = page.svg("uDdgGmnb")
    assert drawn.count("<rect") == 8 + 2  # what is bad only in part stands on green
    assert "<text" not in drawn
    assert page.picture("uDdgGmnb") is page.picture("uDdgGmnb")
    assert page.picture("u" * 24) != page.picture("u" * 23 + "d")


def test_filling_the_template_costs_far_less_than_making_it_and_grows_with_what_it_holds():
    """A storm of a thousand mails must not hold up the checks: about half a millisecond each."""
    notice = KINDS["down"]
    written(notice)
    page.template.cache_clear()
    first = cpu(page.template)
    each = cpu(lambda: [page.page(notice, LOOK, "now", ()) for _ in range(50)]) / 50
    assert each < first
