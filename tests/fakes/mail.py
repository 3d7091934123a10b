"""The far side of e-mail: a mail server that somebody else wrote, read by IMAP; and a relay that can show every fault."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import imaplib
import re
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from bot.channels.email import EmailSettings
from tests.fakes.faults import Fault, Message

USER, PASSWORD = "tocsin@example.org", "mail-pass-7f3a"
SENDER = "Tocsin <tocsin@example.org>"


def settings(server: str, **more: Any) -> EmailSettings:
    return EmailSettings.model_validate({"server": server, "from": SENDER} | more)


# ── what a user has: a mailbox ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class MailServer:
    """mail-devel in a process of its own: SMTP with STARTTLS and AUTH, SMTPS, and IMAP. One box takes everybody's mail."""

    smtp_port: int
    smtps_port: int
    imap_port: int
    ca_file: Path
    user: str = USER
    password: str = PASSWORD

    async def mailbox(self) -> list[EmailMessage]:
        """What lies in the box, oldest first."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[EmailMessage]:
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=10) as imap:
            imap.login(self.user, self.password)
            imap.select("INBOX", readonly=True)
            numbers = imap.search(None, "ALL")[1][0].split()
            # Where a mail comes in meanwhile, that is among the answers: a line, while a mail is a pair.
            parts = [part for number in numbers for part in imap.fetch(number.decode(), "(RFC822)")[1]]
        mails = [part[1] for part in parts if isinstance(part, tuple)]
        return [email.message_from_bytes(mail, policy=email.policy.default) for mail in mails]


@contextlib.asynccontextmanager
async def mail_server(folder: Path) -> AsyncIterator[MailServer]:
    """`folder` is for its certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    server = MailServer(*free_ports(3), folder / "ca.pem")
    ports = f"--smtp-port {server.smtp_port} --smtps-port {server.smtps_port} --imap-port {server.imap_port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mail_devel", "--host", "127.0.0.1", *ports.split(), "--no-http"),
        *("--user", USER, "--password", PASSWORD, "--auth-required", "--starttls-required"),
        *("--cert", folder / "cert.pem", "--key", folder / "key.pem"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            for port in (server.smtp_port, server.smtps_port, server.imap_port):
                await answering(port, process)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def answering(port: int, process: asyncio.subprocess.Process) -> None:
    while True:
        assert process.returncode is None, "the mail server did not start"
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.02)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as doors:
        found = [doors.enter_context(socket.socket()) for _ in range(count)]
        for door in found:
            door.bind(("127.0.0.1", 0))
        return [door.getsockname()[1] for door in found]


# ── what an operator has: a relay, on a bad day ──────────────────────────────────────────────────────────────────────

SAYS = {  # a fault that is an answer: at which command, and the answer
    Fault.LIMITED: ("MAIL", "421 4.7.28 too many mails, come back later"),
    Fault.LIMITED_BARE: ("RCPT", "451 4.7.1 greylisted"),
    Fault.BROKEN: ("DATA", "451 4.3.0 local error"),
    Fault.NOT_JSON: ("MAIL", "lorem ipsum"),
    Fault.FAILED: ("DATA", "554 5.6.0 transaction failed"),
    Fault.TOO_LONG: ("DATA", "552 5.3.4 message too big"),
    Fault.GONE: ("RCPT", "550 5.1.1 no such user here"),
    Fault.MOVED: ("RCPT", "551 5.1.6 user not local, try elsewhere"),
    Fault.REVOKED: ("AUTH", f"535 5.7.8 password {PASSWORD} is not accepted"),  # as no server should word it
}
ENDS = {  # what happens once a mail is taken
    Fault.SLOW: "slow",
    Fault.SILENT: "silent",
    Fault.CUT: "cut",
}


class FakeRelay:
    """aiosmtpd in this loop: `say` scripts one answer to one command, `fault` one fault."""

    def __init__(self) -> None:
        self.applied: list[Message] = []
        self.broken: list[str] = []
        self.secrets = [PASSWORD]
        self.url = ""
        self.connections = 0
        self.pipelining = False  # offered in EHLO
        self._script: dict[str, deque[str]] = {}
        self._over = asyncio.Event()
        self._sessions: list[SMTP] = []
        self._server: asyncio.Server | None = None

    # ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, command: str, answer: str, times: int = 1) -> None:
        self._script.setdefault(command, deque()).extend([answer] * times)

    def fault(self, name: Fault, times: int = 1) -> None:
        if name is Fault.HALF_OPEN:
            self.say("MAIL", "nothing", times)
        elif name in ENDS:
            self.say("DATA", ENDS[name], times)
        else:
            command, answer = SAYS[name]
            self.say(command, answer, times * 2 if command == "AUTH" else times)  # the client tries PLAIN, then LOGIN

    @property
    def ahead(self) -> bool:
        return any(self._script.values())

    def heal(self) -> None:
        """No more faults."""
        self._script.clear()

    def hang_up(self) -> None:
        """Close every connection, as relays do with idle ones."""
        for session in self._sessions:
            if session.transport:
                session.transport.close()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", 0)
        self.url = f"smtp://tocsin@127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self._server.close()
        for session in self._sessions:
            if session.transport:
                session.transport.abort()
        await asyncio.sleep(0)  # the sessions' tasks end in the loop's next turn
        await asyncio.sleep(0)
        await self._server.wait_closed()

    def _session(self) -> SMTP:
        self.connections += 1
        loop = asyncio.get_running_loop()
        session = SMTP(self, hostname="relay", loop=loop, auth_require_tls=False, authenticator=self._login)
        self._sessions.append(session)
        return session

    # ── what aiosmtpd asks ───────────────────────────────────────────────────────────────────────────────────────────

    def _scripted(self, command: str) -> str:
        script = self._script.get(command)
        return script.popleft() if script else ""

    def _login(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        if refusal := self._scripted("AUTH"):
            return AuthResult(success=False, handled=False, message=refusal)
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, name: str, offers: list[str]) -> list[str]:  # noqa: N802  aiosmtpd's name
        session.host_name = name
        return [*offers[:-1], *(["250-PIPELINING"] if self.pipelining else []), offers[-1]]

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802  aiosmtpd's name
        match self._scripted("MAIL"):
            case "":
                envelope.mail_from = address
                envelope.mail_options.extend(options)
                return "250 OK"
            case "nothing":
                await self._over.wait()
                return "421 over"
            case answer:
                return answer

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802  aiosmtpd's name
        if answer := self._scripted("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        answer = self._scripted("DATA")
        if answer[:1].isdigit():
            return answer
        self._apply(envelope)
        match answer:
            case "slow":
                await asyncio.sleep(0.05)
            case "silent":
                await self._over.wait()
            case "cut":
                server.transport.abort()
        return "250 2.0.0 taken"

    def _apply(self, envelope: Any) -> None:
        raw = envelope.original_content
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        seen, text = Page(mail), read_text(mail)
        self.broken += [rule for rule, kept in rules(mail, raw, envelope, seen, text).items() if not kept]
        known = {message.ref for message in self.applied}
        answers = mail["In-Reply-To"]
        sender = mail["From"].addresses[0].addr_spec
        self.applied.append(
            Message(
                ref=mail["Message-ID"],
                place=envelope.rcpt_tos[0],
                text=text,
                thread=answers if answers in known else None,
                links=tuple(link for link in seen.links if not own(link, sender)),
                raw=mail,
            )
        )


def rules(mail: EmailMessage, raw: bytes, envelope: Any, seen: Page, text: str) -> dict[str, bool]:
    """What mailboxes and filters mind, and whether it was kept."""
    plain = set(text.replace("\n-- \n", "\n").split()) - {">"}
    wire = BytesHeaderParser().parsebytes(raw)  # headers as they stand there
    return {
        "one recipient in each transaction": len(envelope.rcpt_tos) == 1 and "," not in mail["To"],
        "the recipient stands in To": mail["To"].addresses[0].addr_spec == envelope.rcpt_tos[0],
        "the sender stands in From": mail["From"].addresses[0].addr_spec == envelope.mail_from,
        "one Message-ID, one Date": len(mail.get_all("Message-ID", [])) == len(mail.get_all("Date", [])) == 1,
        "said to be automatic": mail["Auto-Submitted"] == "auto-generated",
        "ids in plain letters": not any(
            "=?" in str(wire[name]) for name in ("Message-ID", "In-Reply-To", "References")
        ),
        "ASCII on the wire": raw.isascii(),
        "lines no longer than SMTP allows": max(map(len, raw.split(b"\r\n"))) <= 998,
        "lines end as SMTP wants": b"\n" not in raw.replace(b"\r\n", b""),
        "the page says what the text says": plain <= set(seen.text.split()),
    }


def own(link: str, sender: str) -> bool:
    """A picture inside the mail, or a mail to its sender."""
    return link.startswith("cid:") or link == f"mailto:{sender}"


def read_text(mail: EmailMessage) -> str:
    """The text part as a mail program shows it: flowed lines joined (RFC 3676 §4.2)."""
    part = mail.get_body(("plain",))
    lines = part.get_content().replace("\r\n", "\n").split("\n")
    assert max(map(len, lines)) <= 78 or any(len(line.split()) < 3 for line in lines if len(line) > 78)
    if part.get_param("format") != "flowed":
        return "\n".join(lines)
    shown, open_ = [], None
    for line in lines:
        text = line.lstrip(">")
        depth, text = len(line) - len(text), text.removeprefix(" ")
        flows = text.endswith(" ") and text != "-- "
        if open_ == depth:
            shown[-1] += text
        else:
            shown.append(f"{'>' * depth}{' ' if depth else ''}{text}")
        open_ = depth if flows else None
    return "\n".join(shown)


def read_notice(mail: EmailMessage) -> list[str]:
    """The lines of a notice's text part: without its second line, the date, and without the links and the footer."""
    first, date, *rest = [line for line in read_text(mail).partition("\n-- ")[0].split("\n") if line]
    assert re.search(r"\b20\d\d\b", date), date
    links = [number for number, line in enumerate(rest) if number and line.startswith(("http://", "https://"))]
    return [first, *(line for number, line in enumerate(rest) if not {number, number + 1} & set(links))]


class Page(HTMLParser):
    """The HTML part as a reader sees it, pictures and scripts counted as links."""

    def __init__(self, mail: EmailMessage) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.feed(mail.get_body(("html",)).get_content())

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        self.text += "\n" if tag in {"p", "h1", "h2", "td", "th", "tr", "blockquote", "div"} else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.links += ["script"] if tag == "script" else []
        self.text += "".join(f" {value} " for name, value in attrs if name == "alt" and value)
