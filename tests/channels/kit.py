"""The contract kit: what every channel must do, whatever the platform. A channel's tests inherit `ChannelKit`.

A channel's test class gives:

    class TestSlack(ChannelKit):
        destination = Destination("slack", "C012")
        expected = {Fault.GONE: Expect(Refused, scope=Scope.DESTINATION)}      # where it differs from `EXPECTED`
        impossible = frozenset({Fault.MOVED})                                  # faults that its platform cannot show

        @pytest.fixture
        async def far(self):                                                   # see `tests.fakes.faults.Far`
            async with FakeSlack() as far:
                yield far

        def settings(self, url, timeout):                                      # seconds
            return SlackSettings(bot_token=TOKEN, api_url=url, timeout=timeout)

A test that makes no sense on a platform is taken away by `test_name = None` in the class, with the reason.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import aiodns
import pytest

from bot.contracts import Channel, ChannelContext, ChannelSettings
from bot.model import (
    Delivery,
    DeliveryAction,
    Destination,
    Later,
    Notice,
    Receipt,
    RefusalScope,
    Refused,
    Sent,
    Text,
    Tone,
    Unsure,
)
from tests.channels.story import STORY, notices
from tests.fakes.faults import ELSEWHERE, WAIT, Far, Fault
from tests.flow.house import eventually
from tests.reasons import english
from tests.wording import hostile

AT = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)  # 2:00 p.m. in Madrid
FIRST = Text(
    "🔴 X (Twitter): down since 2:00 p.m.",
    (
        "Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.",
        "Official status page: no incident reported (as of 2:01 p.m.).",
    ),
)
ACKNOWLEDGED = Text("🔵 X (Twitter): Ana is looking at it (2:05 p.m.)")
RESTORED = Text(
    "🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)", ("Everything else you follow is up.",)
)
OUTSIDE = (  # what a status page, a tracker or a stranger might say
    "<!channel> <!here|here> <@U012> @everyone @here",
    '<a href="https://evil.example/">free</a> <https://evil.example/|click> &lt;b&gt; <b>bold</b>',
    "*bold* _slanted_ ~gone~ `code` **strong** ||spoiler|| # head",
    "[click](https://evil.example/) > quote",
)


@dataclass(frozen=True)
class Expect:
    """What a fault must lead to: the receipt, and how many messages the far side has afterwards."""

    receipt: type[Receipt] | tuple[type[Receipt], ...]
    scope: RefusalScope | None = None  # of a Refused
    wait: timedelta | None = None  # of a Later, when the far side asked for one
    applied: int = 0
    times: int = 1  # in a row, where the channel may try something smaller within one send


EXPECTED: dict[Fault, Expect] = {
    Fault.REFUSED: Expect(Later),
    Fault.NO_NAME: Expect(Later),
    Fault.NO_TLS: Expect(Later),
    Fault.LIMITED: Expect(Later, wait=timedelta(seconds=WAIT)),
    Fault.LIMITED_BARE: Expect(Later),
    Fault.BROKEN: Expect(Unsure),
    Fault.HTML: Expect(Unsure),
    Fault.NOT_JSON: Expect(Unsure),
    Fault.FAILED: Expect(Unsure),
    Fault.SLOW: Expect(Sent, applied=1),
    Fault.SILENT: Expect(Unsure, applied=1),
    Fault.CUT: Expect(Unsure, applied=1),
    Fault.HALF_OPEN: Expect(Unsure),
    Fault.TOO_LONG: Expect(Refused, scope=RefusalScope.MESSAGE, times=9),
    Fault.GONE: Expect(Refused, scope=RefusalScope.DESTINATION),
    Fault.MOVED: Expect(Refused, scope=RefusalScope.DESTINATION),
    Fault.REVOKED: Expect(Refused, scope=RefusalScope.ACCOUNT),
}


class NoNet:
    """Stands where a channel must not need our own transport."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this channel was not meant to use net.{name}; give the class a `net` fixture")


class ChannelKit:
    """See the module's text."""

    destination: ClassVar[Destination]
    expected: ClassVar[Mapping[Fault, Expect]] = {}
    impossible: ClassVar[frozenset[Fault]] = frozenset()
    patience: ClassVar[float] = 0.3  # seconds: the time-out where the far side says nothing

    def settings(self, url: str, timeout: float) -> ChannelSettings:
        """Make the channel's settings, pointing at `url`."""
        raise NotImplementedError

    def elsewhere(self, far: Far, fault: Fault, port: int) -> str:
        """Return the URL at which a channel meets one of `ELSEWHERE`; `port` is closed."""
        match fault:
            case Fault.REFUSED:
                return f"http://127.0.0.1:{port}/"
            case Fault.NO_NAME:
                return "http://nowhere.invalid/"
            case _:
                return far.url.replace("http://", "https://")  # plain HTTP is spoken there

    # ── what the tests stand on ──────────────────────────────────────────────────────────────────────────────────────

    @pytest.fixture
    async def far(self) -> Far:
        raise NotImplementedError

    @pytest.fixture
    def net(self) -> Any:
        return NoNet()

    @pytest.fixture
    def memory(self) -> dict[str, str]:
        """What the channel remembered."""
        return {}

    @pytest.fixture
    def desk(self, net: Any, memory: dict[str, str]) -> ChannelContext:
        async def recall(name: str) -> str | None:
            return memory.get(name)

        async def remember(name: str, value: str) -> None:
            memory[name] = value

        return ChannelContext(net, (("status", "what is down now"), ("help", "what you can ask")), recall, remember)

    @pytest.fixture
    def opening(self, desk: ChannelContext) -> Callable[..., AbstractAsyncContextManager[Channel]]:
        """Open a channel at a URL: `async with opening(url, timeout) as channel`."""

        def opening(url: str, timeout: float = 5) -> AbstractAsyncContextManager[Channel]:
            return self.settings(url, timeout).open(desk)

        return opening

    @pytest.fixture
    async def channel(self, far: Far, opening: Any) -> AsyncIterator[Channel]:
        async with opening(far.url) as channel:
            yield channel

    @pytest.fixture(autouse=True)
    async def no_rule_of_the_platform_is_broken(self, far: Far) -> AsyncIterator[None]:
        yield
        assert far.broken == []

    @pytest.fixture
    def no_secret_told(self, far: Far, caplog: Any) -> Callable[..., None]:
        """Judge what was logged so far, and whatever else is handed in."""
        caplog.set_level(logging.INFO)
        caplog.set_level(logging.DEBUG, "bot")

        def judge(*others: object) -> None:
            told = "\n".join([caplog.text, *(repr(record.__dict__) for record in caplog.records), *map(repr, others)])
            assert far.secrets, "a fake must name its secrets"
            assert [secret for secret in far.secrets if secret in told] == []

        return judge

    # ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────

    def delivery(
        self, number: int, words: Text, *, action: DeliveryAction = DeliveryAction.POST, **more: Any
    ) -> Delivery:
        """One of x#17's deliveries. `more` goes to the notice or the delivery, whichever knows the name."""
        known = {field.name for field in dataclasses.fields(Notice)} - {"root"}
        notice = {name: more.pop(name) for name in list(more) if name in known}
        notice = {"tone": Tone.DOWN, "root": more.pop("present", None), "at": AT} | notice
        key = f"x#17/{number}@{self.destination}" + (";edit" if action is DeliveryAction.EDIT else "")
        told = Notice(key=f"x#17/{number}", thread="x#17", words=words, **notice)
        return Delivery(key, self.destination, action, told, audience="desk", **({"subject": FIRST.title} | more))

    def first(self, **more: Any) -> Delivery:
        return self.delivery(1, FIRST, **more)

    def reply(self, root: str | None, **more: Any) -> Delivery:
        """Make an acknowledgement: it belongs quietly in the thread."""
        return self.delivery(2, ACKNOWLEDGED, **({"tone": Tone.INFO, "fresh": False, "root": root} | more))

    def edit(self, root: str | None, **more: Any) -> Delivery:
        """Rewrite the thread's first message."""
        return self.delivery(
            3, RESTORED, action=DeliveryAction.EDIT, **({"tone": Tone.UP, "present": RESTORED, "root": root} | more)
        )

    def restored(self, root: str | None, **more: Any) -> Delivery:
        return self.delivery(3, RESTORED, **({"tone": Tone.UP, "present": RESTORED, "root": root} | more))

    async def rooted(self, channel: Channel) -> str:
        """Send the first notice; return the ref that the channel answered."""
        receipt = await channel.send(self.first())
        assert isinstance(receipt, Sent), receipt
        assert receipt.ref
        return receipt.ref

    # ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_the_first_notice_arrives_complete(self, far, channel):
        receipt = await channel.send(self.first())
        assert isinstance(receipt, Sent)
        assert len(far.applied) == 1
        message = far.applied[0]
        assert plain(message.text).splitlines()[0] == FIRST.title
        assert all(line in plain(message.text) for line in FIRST.lines)
        assert (message.thread, message.edited, message.loud) == (None, False, True)

    async def test_a_quiet_reply_lands_in_the_thread(self, far, channel):
        root = await self.rooted(channel)
        assert isinstance(await channel.send(self.reply(root)), Sent)
        message = far.applied[1]
        assert message.thread == far.applied[0].ref
        assert ACKNOWLEDGED.title in plain(message.text)
        assert not message.edited
        assert not message.loud

    async def test_an_edit_rewrites_the_first_message(self, far, channel):
        root = await self.rooted(channel)
        assert isinstance(await channel.send(self.edit(root)), Sent)
        message = far.applied[1]
        assert (message.edited, message.ref) == (True, far.applied[0].ref)
        assert plain(message.text).splitlines()[0] == RESTORED.title

    async def test_restored_arrives_fresh_and_in_the_thread(self, far, channel):
        root = await self.rooted(channel)
        assert isinstance(await channel.send(self.restored(root)), Sent)
        message = far.applied[1]
        assert (message.thread, message.loud, message.edited) == (far.applied[0].ref, True, False)
        assert plain(message.text).splitlines()[0] == RESTORED.title

    @pytest.mark.parametrize("language", sorted(STORY))
    async def test_the_story_arrives_word_for_word_in_every_language(self, language, far, channel):
        down, restored = notices(language)
        assert (f"{down.text}\n", f"{restored.text}\n") == STORY[language]
        receipt = await channel.send(self.delivery(1, down))
        assert isinstance(receipt, Sent)
        assert isinstance(await channel.send(self.delivery(3, restored, tone=Tone.UP, root=receipt.ref)), Sent)
        for words, message in zip((down, restored), far.applied, strict=True):
            arrived = plain(message.text).splitlines()
            assert arrived[0] == plain(words.title)
            assert [line for line in words.lines if plain(line) not in arrived] == []

    async def test_text_from_outside_can_neither_mention_nor_link_nor_format(self, far, channel):
        words = Text("🔴 X <!channel> @everyone *is* <b>down</b>", OUTSIDE)
        assert isinstance(await channel.send(self.delivery(1, words)), Sent)
        message = far.applied[0]
        assert (message.mentions, message.links) == ((), ())
        assert [line for line in (words.title, *words.lines) if line not in plain(message.text)] == []

    @pytest.mark.parametrize("author", sorted(hostile.notices()))
    async def test_what_an_enemy_writes_reaches_the_reader_as_plain_text(self, author, far, channel):
        """It calls nobody, leads nowhere, is not bold, and hides nothing; whatever it is that others have written."""
        words = hostile.notices()[author].words
        assert isinstance(await channel.send(self.delivery(1, words)), Sent)
        message = far.applied[0]
        assert (message.mentions, message.links) == ((), ())
        assert [found for part in self.read(message) for found in hostile.found(part)] == []
        said, sent = plain(words.text), plain(message.text)
        assert [mark for mark in hostile.MARKS if mark in said and mark not in sent] == []
        assert any(mark in sent for mark in hostile.MARKS)
        assert len(message.text) < 4_000

    def read(self, message: Any) -> tuple[str, ...]:
        """Return all that a reader's program is given of a message, as its markup leaves it."""
        return (message.text,)

    async def test_a_very_long_notice_keeps_its_first_line_whole(self, far, channel):
        words = Text("🔴 " + "X" * 77, tuple(f"{number}: " + "<&long>" * 60 for number in range(400)))
        receipt = await channel.send(self.delivery(1, words))
        assert isinstance(receipt, Sent)
        assert len(far.applied) == 1
        text = plain(far.applied[0].text)
        assert text.splitlines()[0] == words.title
        assert words.lines[0] in text

    # ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────

    def pytest_generate_tests(self, metafunc: Any) -> None:
        if "fault" in metafunc.fixturenames:
            metafunc.parametrize("fault", [fault for fault in Fault if fault not in self.impossible], ids=str)

    async def test_a_fault_is_answered_with_its_receipt(self, fault, far, opening, monkeypatch, no_secret_told):
        expect = self.expected.get(fault, EXPECTED[fault])
        url = far.url
        if fault in ELSEWHERE:
            no_names(monkeypatch)
            url = self.elsewhere(far, fault, closed_port())
        else:
            far.fault(fault, expect.times)
        timeout = self.patience if fault in {Fault.SILENT, Fault.HALF_OPEN} else 5
        async with opening(url, timeout) as channel:
            receipt = await asyncio.wait_for(channel.send(self.first()), 20)
        assert isinstance(receipt, expect.receipt), receipt
        assert len(far.applied) == expect.applied
        assert getattr(receipt, "scope", None) == (expect.scope or getattr(receipt, "scope", None))
        assert expect.wait is None or getattr(receipt, "wait", None) == expect.wait
        assert isinstance(receipt, Sent) or english(receipt.why).strip()
        no_secret_told(receipt)

    async def test_after_a_fault_the_next_notice_arrives(self, far, channel):
        far.fault(Fault.LIMITED)
        far.fault(Fault.CUT)
        assert isinstance(await channel.send(self.first()), Later)
        assert isinstance(await channel.send(self.first()), Unsure)
        assert isinstance(await channel.send(self.delivery(9, ACKNOWLEDGED)), Sent)
        assert ACKNOWLEDGED.title in plain(far.applied[-1].text)

    async def test_a_cancelled_send_leaves_the_channel_usable(self, far, channel):
        far.fault(Fault.HALF_OPEN)
        sending = asyncio.create_task(channel.send(self.first()))
        await eventually(lambda: not far.ahead)
        sending.cancel()
        assert isinstance((await asyncio.gather(sending, return_exceptions=True))[0], asyncio.CancelledError)
        assert isinstance(await channel.send(self.first()), Sent)

    async def test_listening_ends_when_it_is_cancelled(self, channel):
        async def answer(_ask: object) -> None:
            return None

        listening = asyncio.create_task(channel.listen(answer))
        await asyncio.wait([listening], timeout=0.1)
        listening.cancel()
        (end,) = await asyncio.gather(listening, return_exceptions=True)
        assert end is None or isinstance(end, asyncio.CancelledError)


def plain(text: str) -> str:
    """Take away the joiners of no width that a channel may use to break a mention."""
    return text.replace("\u200b", "").replace("\u2060", "").replace("\u200c", "")


def closed_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def no_names(monkeypatch: Any) -> None:
    """Answer every name with "there is none", whichever resolver asks, without a packet leaving the machine."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        if host and str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *args, **more)

    async def getaddrinfo_of_aiodns(*_args: Any, **_more: Any) -> Any:
        raise aiodns.error.DNSError(aiodns.error.ARES_ENOTFOUND, "Domain name not found")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(aiodns.DNSResolver, "getaddrinfo", getaddrinfo_of_aiodns)


__all__ = ["ACKNOWLEDGED", "AT", "FIRST", "OUTSIDE", "RESTORED", "ChannelKit", "Expect", "plain"]
