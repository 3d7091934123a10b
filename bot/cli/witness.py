"""The command that runs a witness. It reads no config and opens no database."""

from __future__ import annotations

import logging
import signal
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from bot.cli.console import fail
from bot.start import log, raise_file_limit, work

LARGEST = 4096  # bytes of a token's file


def witness(
    *,
    server: Annotated[str, Parameter(env_var="TOCSIN_WITNESS_SERVER")],
    token: Annotated[str | None, Parameter(env_var="TOCSIN_WITNESS_TOKEN")] = None,
    token_file: Annotated[Path | None, Parameter(env_var="TOCSIN_WITNESS_TOKEN_FILE")] = None,
    source: str | None = None,
) -> int:
    """Check from here what a server watches, and report the readings to it. Needs no config and no database.

    Parameters
    ----------
    server
        The address of the server's page, such as https://status.example.org.
    token
        This witness's token in the server's config. Other users of this machine can see a command's arguments: better
        use --token-file, or the variable.
    token_file
        A file that holds the token.
    source
        The address of this machine that the checks come from, if it has several.

    """
    address = _server(server)
    secret = _token(token, token_file)
    if source is not None and not _is_address(source):
        fail("--source is no IP address; expected one such as 192.0.2.7", 2)
    if source is not None and not _is_ours(source):
        fail(f"--source {source} is no address of this machine", 2)
    log(logging.INFO)
    raise_file_limit()
    return work(_run(address, secret, source))


async def _run(server: str, token: str, source: str | None) -> int:
    import asyncio  # noqa: PLC0415 # `--help` starts quickly without it

    from bot.net import Network  # noqa: PLC0415 # as above
    from bot.watch.witness.link import Link, TokenRefusedError  # noqa: PLC0415 # as above
    from bot.watch.witness.process import Witness  # noqa: PLC0415 # as above

    said, stop = logging.getLogger("tocsin.witness"), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Network() as home, Network(source=source) as net:
        said.info("reports to %s", server)
        try:
            await Witness(Link(server, token, home), net).run(stop)
        except TokenRefusedError:
            fail("the server knows no witness with this token; compare it with witnesses in the server's config", 2)
    said.info("stopped; at most %d MB of memory", _memory() // 1024)
    return 0


def _memory() -> int:
    """The most memory that was resident, in KiB; 0 where the system does not tell it."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def _server(text: str) -> str:
    """The address without a final slash. Plain http would show the token to all on the way."""
    try:
        url = urlsplit(text.strip())
        host, known = url.hostname or "", url.port is None or url.port > 0
    except ValueError:
        host, known, url = "", False, urlsplit("")
    if not host or not known or url.query or url.fragment or url.username or url.scheme not in {"http", "https"}:
        fail("--server is no address; expected one such as https://status.example.org", 2)
    if url.scheme == "http" and not (host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)):
        fail("--server must begin with https://, as plain http would show the token on the way", 2)
    return text.strip().rstrip("/")


def _token(token: str | None, file: Path | None) -> str:
    if token is None and file is None:
        fail("needs --token-file, --token, or the variable TOCSIN_WITNESS_TOKEN", 2)
    if token is None and file is not None:
        try:
            with file.open("rb") as opened:
                token = opened.read(LARGEST).decode()
        except (OSError, ValueError):
            fail("the file named by --token-file cannot be read", 2)
    found = (token or "").strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        fail("the token is empty, or holds what no token has; expected it as in the server's config", 2)
    return found


def _is_ours(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
