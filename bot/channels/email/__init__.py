"""E-mail by SMTP: one recipient per mail, threads by References, receipts from the relay's replies."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import unicodedata
from collections.abc import AsyncIterator
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, FilePath, SecretStr, field_validator, model_validator

from bot.channels.providers import masked
from bot.contracts import Answering, Between, ChannelContext, Net, Pace, Reach, Seconds, Unclear
from bot.model import AdviceCode, Delivery, DeliveryAction, Reason, ReasonCode, Receipt, RefusalScope, Refused, Sent

if TYPE_CHECKING:
    from bot.channels.email.render import Letters
    from bot.channels.email.smtp import Relay

LONGEST = 400  # characters of an address with its name
LONGEST_LOCAL, LONGEST_DOMAIN = 64, 253  # bytes: RFC 5321 §4.5.3.1, and the limit of DNS names
_DOMAIN = re.compile(
    r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*|\[[0-9a-f:.]+\]|\[ipv6:[0-9a-f:.]+\]"
)

PORTS = {"starttls": 587, "tls": 465, "none": 25}


def is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


class BounceBox(BaseModel):
    """`server` is "imaps://user@host:993"."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)
    server: str
    password: SecretStr
    folder: str = Field("INBOX", pattern=r"^[ -~]{1,200}$")

    @field_validator("server")
    @classmethod
    def _is_a_server(cls, server: str) -> str:
        parts = urlsplit(server)
        if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username or parts.path.strip("/"):
            raise ValueError("expected imaps://user@host:993")
        if parts.password is not None:
            raise ValueError("the password goes into password or password_file, not into the address")
        if parts.scheme == "imap" and not is_local(parts.hostname):
            raise ValueError("would send the password in clear: use imaps://")
        _ = parts.port  # raises ValueError if it is no port
        return server

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""


class EmailSettings(BaseModel):
    """`server` is "smtp://user@host:587" or "smtps://user@host:465"; `from` is "Tocsin <tocsin@example.org>"."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)
    edits: ClassVar[bool] = False
    pace: ClassVar[Pace] = Pace()
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = False  # a repeat has the same Message-ID, but not every mailbox hides it
    looks: ClassVar[bool] = False
    lives: ClassVar[bool] = True

    kind: Literal["email"] = "email"
    server: str
    password: SecretStr | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    from_: str = Field(alias="from")
    ehlo_name: str | None = None  # our name in EHLO
    connections: Annotated[int, Field(ge=1, le=50)] = 10  # to the relay, at once; fewer if it takes fewer
    # s for the reply to the mail: a short time-out causes repeats
    timeout: Annotated[Seconds, Between(0.01, 120)] = 120.0
    dkim: bool = True  # the relay signs our mails; only then may they say that a mail program can unsubscribe by itself
    ca_file: FilePath | None = None  # trusted instead of the system's authorities
    bounces: BounceBox | None = None
    watch: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _smtps_means_tls(cls, data: Any) -> Any:
        if isinstance(data, dict) and str(data.get("server", "")).startswith("smtps:"):
            return {"security": "tls"} | data
        return data

    @field_validator("server")
    @classmethod
    def _is_a_server(cls, server: str) -> str:
        parts = urlsplit(server)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("expected smtp://user@host:587 or smtps://user@host:465")
        if parts.password is not None:
            raise ValueError("the password goes into password or password_file, not into the address")
        _ = parts.port  # raises ValueError if it is no port
        return server

    @field_validator("from_")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        address(text)
        return text

    @field_validator("ehlo_name")
    @classmethod
    def _is_a_name(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(
            r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", name
        ):
            raise ValueError("expected a host name, such as tocsin.example.org, or an address in brackets")
        return name

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                ssl.create_default_context(cafile=str(path))
            except OSError:
                raise ValueError("expected a file of PEM certificates") from None
        return path

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.server.startswith("smtps:") and self.security != "tls":
            raise ValueError(f"smtps:// is security: tls, not {self.security}")
        if self.password is not None and not self.user:
            raise ValueError("a password needs a user: server: smtp://user@host")
        if self.user and self.password is None:
            raise ValueError("a user needs a password")
        if self.password is not None and self.security == "none" and not is_local(self.host):
            raise ValueError("security: none would send the password in clear: use starttls or tls")
        return self

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.server).port or PORTS[self.security]

    @property
    def user(self) -> str:
        return unquote(urlsplit(self.server).username or "")

    @property
    def sender(self) -> Address:
        return address(self.from_)

    @contextlib.asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[EmailChannel]:
        from bot.channels.email import render, smtp  # noqa: PLC0415  an unused channel costs nothing

        way = smtp.Relay(self, await self._tls_of_relay())
        try:
            yield EmailChannel(render.Letters(self.sender, desk.look, dkim=self.dkim), way, self.sender.addr_spec)
        finally:
            await way.close()

    def place_problem(self, place: str) -> str:
        return self.person_problem(place)

    @staticmethod
    def person_problem(person: str) -> str:
        try:
            address(person)
        except ValueError as wrong:
            return f"is no e-mail address; {wrong}"
        return ""

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        from bot.channels.email import smtp  # noqa: PLC0415  an unused channel costs nothing

        return await smtp.probe(self, await self._tls_of_relay())

    async def _tls_of_relay(self) -> ssl.SSLContext | None:
        """None for a relay without TLS."""
        return None if self.security == "none" else await asyncio.to_thread(self.tls)

    def tls(self) -> ssl.SSLContext:
        """Made once: reading the system's authorities takes 0.1 s, and the relay is looked at all the time."""
        return self._context

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)

    def said(self, trouble: Exception, advice: AdviceCode | None = None) -> Reason:
        """A failure, without the password, even if the relay echoes it."""
        return self.relay(self._cause(trouble), advice)

    def relay(self, cause: Reason, advice: AdviceCode | None = None) -> Reason:
        return Reason.of(ReasonCode.RELAY_SAID, relay=f"{self.host}:{self.port}", cause=cause, advice=advice)

    def _cause(self, trouble: Exception) -> Reason:
        cause = trouble.__cause__ or trouble
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Reason.of(ReasonCode.CERTIFICATE_UNTRUSTED_BECAUSE, detail=str(cause.verify_message))
        if isinstance(trouble, TimeoutError) and not trouble.args:
            return Reason.of(ReasonCode.TIMED_OUT)
        if isinstance(cause, OSError) and cause.strerror:
            words = cause.strerror
        else:
            words = " ".join(" ".join(map(str, trouble.args[:2])).split()) or type(trouble).__name__
        if self.password is not None:
            password = self.password.get_secret_value()
            words = masked(words, f"\0{self.user}\0{password}", password)
        return Reason.of(ReasonCode.AS_SAID, text=words[:200])


@lru_cache(
    maxsize=4096
)  # each mail to the same reader asks, and reading one takes longer than writing the mail's headers
def address(text: str) -> Address:
    """Read "desk@example.org" or "Desk <desk@example.org>". Raise ValueError unless it is exactly one address."""
    wrong = "expected one address, such as desk@example.org or Desk <desk@example.org>"
    name, spec = parseaddr(text)
    local, _, domain = spec.rpartition("@")
    if (
        len(text) > LONGEST
        or not (local and domain)
        or not local.isprintable()
        or len(local.encode(errors="replace")) > LONGEST_LOCAL
        or re.search(r"[\s,;<>\x00-\x1f\x7f]", spec)
    ):
        raise ValueError(wrong)
    if text.strip() != spec and not text.rstrip().endswith(f"<{spec}>"):  # parseaddr reads the first of several
        raise ValueError(wrong)
    try:
        ascii_domain = domain.encode("idna").decode()
        if len(ascii_domain) > LONGEST_DOMAIN or not _DOMAIN.fullmatch(ascii_domain.lower()):
            raise ValueError(wrong)  # noqa: TRY301
        if local.isascii():
            return Address(name, addr_spec=f"{local}@{ascii_domain}")
        # Letters beyond ASCII (RFC 6531), which the library's parser rejects.
        if not re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", local):
            raise ValueError(wrong)  # noqa: TRY301
        return Address(name, unicodedata.normalize("NFC", local), ascii_domain)
    except Exception:  # noqa: BLE001  the parser's own errors come from several families
        raise ValueError(wrong) from None


class EmailChannel:
    """An open connection to one relay."""

    def __init__(self, letters: Letters, relay: Relay, sender: str) -> None:
        self._letters = letters
        self._relay = relay
        self._sender = sender

    async def send(self, delivery: Delivery) -> Receipt:
        """Hand over once. `Sent.ref` is the Message-ID, the same for every attempt; a mail cannot be edited."""
        if delivery.action is DeliveryAction.EDIT:
            return Sent(delivery.root)
        try:
            to = address(delivery.destination.place)
        except ValueError:
            return Refused(Reason.of(ReasonCode.NOT_AN_ADDRESS), RefusalScope.DESTINATION)
        try:
            await self._letters.prepare(delivery.notice)
            mail = self._letters.write(delivery, to)
        except (ValueError, LookupError) as trouble:
            return Refused(Reason.of(ReasonCode.MAIL_NOT_MADE, provider_code=type(trouble).__name__))
        return await self._relay.deliver(mail)

    async def listen(self, answer: Answering) -> None:
        """Return at once: there are no replies."""

    async def account(self) -> Reach:
        return await self._relay.account()

    async def reach(self, place: str) -> Reach:
        try:
            to = address(place)
        except ValueError as wrong:
            return Reach(False, f"is no e-mail address; {wrong}")
        return await self._relay.reach(self._sender, to.addr_spec)
