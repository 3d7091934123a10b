"""An outage and its restoration in a minute, with nothing to set up."""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from html import escape
from mailbox import Maildir
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope
from rich.console import Console

from bot.app import App, open_app
from bot.config import Config
from bot.daemon import stop_at_signal
from bot.incidents.overview import deliveries
from bot.notify import digest

UP_FOR = 4  # seconds until the site goes down ...
DOWN_FOR = 40  # ... and until it is back: the whole outage fits into a minute
LIMIT = 60  # further seconds until a demo that ends by itself gives up


@dataclass
class Stage:
    """The demo's test site, which can be broken, and its mailbox."""

    folder: Path
    broken: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    restored: asyncio.Event = field(default_factory=asyncio.Event)
    digested: asyncio.Event = field(default_factory=asyncio.Event)

    async def page(self, _: web.Request) -> web.Response:
        text = "Something went wrong, try reloading" if self.broken else "All is well"
        return web.Response(text=text, status=503 if self.broken else 200)

    async def mailbox(self, _: web.Request) -> web.Response:
        numbered = reversed(list(enumerate(self.mails)))
        rows = "".join(
            f'<h2><a href="/mail/{n}">{escape(m["Subject"])}</a></h2><pre>{escape(_text(m))}</pre>' for n, m in numbered
        )
        return web.Response(
            text=f"<!doctype html><title>Mailbox</title>{rows or 'No mail yet.'}", content_type="text/html"
        )

    async def mail(self, request: web.Request) -> web.Response:
        """One mail as a mail program shows it."""
        number = request.match_info["number"]
        if not number.isdecimal() or int(number) >= len(self.mails):
            raise web.HTTPNotFound
        return web.Response(text=_page(self.mails[int(number)]), content_type="text/html")

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's name for it
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        Maildir(self.folder).add(content)
        self.mails.append(BytesParser(EmailMessage, policy=policy.default).parsebytes(content))
        if "restored" in self.mails[-1]["Subject"]:
            self.restored.set()
        if self.mails[-1]["Subject"].startswith("📰"):
            self.digested.set()
        return "250 kept"


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return body.get_content() if body else ""


def _page(mail: EmailMessage) -> str:
    """The page, with its pictures in it."""
    body = mail.get_body(("html",))
    text = body.get_content() if body else ""
    for part in mail.walk():
        if name := part["Content-ID"]:
            data = b64encode(part.get_content()).decode()
            text = text.replace(f'"cid:{name.strip("<>")}"', f'"data:{part.get_content_type()};base64,{data}"')
    return str(text)


async def _digest(home: App, config: Config) -> None:
    """Queue the digest of the last hour, now."""
    said, until = config.all_digests()["demo"], home.clock()
    since = until - timedelta(hours=1)
    overview = replace(await home.recorder.overview(since - timedelta(hours=1)), at=until)
    log = await deliveries(home.store, config.readers(), overview, (since, until))
    period = digest.Period(since, until)
    rows = digest.deliveries(
        said.name, overview, period, said.to, config.style(), services=(), order=said.order, log=log
    )
    await home.store.deliveries.add(rows, until)
    home.outbox.wake()


async def demonstrate(out: Console, *, once: bool, port: int) -> int:
    """Run the demo until stopped or, with `once`, until all is delivered. Return 0, or 1 if that took too long."""
    with TemporaryDirectory(prefix="tocsin-demo-") as folder:
        stage = Stage(Path(folder) / "mailbox")
        async with AsyncExitStack() as stack:
            site, smtp = await stack.enter_async_context(_served(stage))
            config = _config(Path(folder), site, smtp, port)
            home = await stack.enter_async_context(open_app(config))
            _introduce(out, site, port, stage)
            closing = asyncio.Event()
            play = asyncio.create_task(_play(out, stage, partial(_digest, home, config), once=once))
            signalled = asyncio.create_task(stop_at_signal().wait())
            living = asyncio.create_task(home.live(closing))
            await asyncio.wait([play, signalled, living], return_when=asyncio.FIRST_COMPLETED)
            closing.set()
            await living
            for task in (play, signalled):
                task.cancel()
            return play.result() if play.done() and not play.cancelled() else 0


async def _play(out: Console, stage: Stage, digest: Callable[[], Awaitable[None]], *, once: bool) -> int:
    await asyncio.sleep(UP_FOR)
    out.print("[dim]Breaking the demo site now.[/]")
    stage.broken = True
    await asyncio.sleep(DOWN_FOR)
    out.print("[dim]Bringing the demo site back now.[/]")
    stage.broken = False
    with suppress(TimeoutError):
        async with asyncio.timeout(LIMIT):
            await stage.restored.wait()
            await digest()
            await stage.digested.wait()
    told = stage.digested.is_set()
    await asyncio.sleep(0.5)  # let the last lines reach the console
    done = (
        "Done: the notices arrived on the console, by mail and on the page, and a digest by mail."
        if told
        else "The mail did not arrive."
    )
    out.print(f"[dim]{done}[/]")
    if not once:
        out.print("[dim]The page and the mailbox stay until you press Ctrl-C.[/]")
        await asyncio.Event().wait()
    return 0 if told else 1


def _introduce(out: Console, site: str, port: int, stage: Stage) -> None:
    out.print("Tocsin demo: a small site stands in for X (Twitter). It will go down and come back within a minute.")
    out.print(
        f"  status page  http://127.0.0.1:{port}/\n  the site     {site}/\n  mailbox      {site}/mail  ({stage.folder})"
    )


def _config(folder: Path, site: str, smtp: int, port: int) -> Config:
    quick = {"every": "2s", "confirm_every": "1s", "timeout": "2s"}
    return Config.model_validate(
        {
            "timezone": _zone(),
            "database": f"sqlite:///{folder / 'demo.db'}",
            "web": {"listen": f"127.0.0.1:{port}", "title": "Tocsin demo"},
            "defaults": quick,
            "services": {
                "x": {
                    "name": "X (Twitter)",
                    "routes": {
                        "web": {"kind": "http", "url": f"{site}/"},
                        "app": {"kind": "http", "url": f"{site}/api"},
                    },
                    "plan": "Breaking news goes to Telegram @newsroom and to the site banner.",
                },
                "mail": {"name": "Our mail", "routes": {"smtp": {"kind": "tcp", "host": "127.0.0.1", "port": smtp}}},
            },
            "channels": {
                "console": {},
                "email": {
                    "server": f"smtp://127.0.0.1:{smtp}",
                    "security": "none",
                    "from": "Tocsin <tocsin@demo.example>",
                },
            },
            "audiences": {"desk": {"broadcast": ["console:-", "email:desk@demo.example"]}},
            "digests": {"demo": {"title": "Tocsin demo", "to": ["email:desk@demo.example"], "when": "monthly 08:00"}},
            "mail": {"organisation": "The demo's newsroom"},
        }
    )


def _zone() -> str:
    """The machine's time zone, or UTC if it has no name."""
    from tzlocal import get_localzone_name  # noqa: PLC0415 # only here

    try:
        return get_localzone_name() or "UTC"
    except Exception:  # noqa: BLE001 # a machine's odd clock settings must not spoil a demo
        return "UTC"


@asynccontextmanager
async def _served(stage: Stage) -> AsyncIterator[tuple[str, int]]:
    app = web.Application()
    app.router.add_get("/mail", stage.mailbox)
    app.router.add_get("/mail/{number}", stage.mail)
    app.router.add_get("/{path:.*}", stage.page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    door = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, door).start()
    loop = asyncio.get_running_loop()
    catcher = await loop.create_server(lambda: SMTP(stage, hostname="demo.example", loop=loop), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}", catcher.sockets[0].getsockname()[1]
    finally:
        catcher.close()
        await runner.cleanup()
