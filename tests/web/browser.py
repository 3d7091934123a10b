"""Chromium, as far as the tests and pictures of the page need it: headless, without a network of its own."""

from __future__ import annotations

import asyncio
import atexit
import json
import shutil
import socket
import subprocess
import tempfile
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import httpx
from starlette.requests import Request
from starlette.responses import Response
from uvicorn import Config
from uvicorn import server as uvicorn_server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 180  # seconds, for a busy machine
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)


@asynccontextmanager
async def served(app):
    """The site on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn_server.Server(Config(app, log_level="warning", lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await serving


@asynccontextmanager
async def chromium(url: str, *options: str):
    """Open an address; the process, which is ended with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        running = await asyncio.create_subprocess_exec(
            str(CHROMIUM),
            *OPTIONS,
            f"--user-data-dir={home}",
            *options,
            url,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield running
        finally:
            if running.returncode is None:
                running.kill()
            await running.wait()


@cache
def _browser() -> str:
    """The address at which one browser for all tests of this process opens and closes tabs: starting takes it a second."""
    home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={home.name}", "--window-size=1400,2600"]
    command += ["--remote-debugging-port=0", "about:blank"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(home.cleanup)
    atexit.register(_end, running)
    told, ends = Path(home.name, "DevToolsActivePort"), monotonic() + PATIENCE
    while not (told.exists() and told.read_text().count("\n")):
        assert running.poll() is None, "Chromium has ended"
        assert monotonic() < ends, "Chromium doesn't start"
        sleep(0.01)
    return f"http://127.0.0.1:{told.read_text().split()[0]}"


def _end(running: subprocess.Popen[bytes]) -> None:
    """End it in order: killed, it would leave processes behind that still write."""
    running.terminate()
    try:
        running.wait(10)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


@asynccontextmanager
async def tab(url: str):
    """Open an address in the browser that all tests of this process share; it is closed with the block."""
    async with httpx.AsyncClient(base_url=_browser(), trust_env=False, verify=False, timeout=PATIENCE) as client:
        opened = (await client.put(f"/json/new?{url}")).raise_for_status().json()
        try:
            yield
        finally:
            (await client.get(f"/json/close/{opened['id']}")).raise_for_status()


async def found(app):
    """What the script of the page at / of `app` finds and sends to /found, as JSON.

    On the browser's own clock: on a virtual one (--virtual-time-budget) a busy machine ends the script half-way.
    """
    arrived = asyncio.get_running_loop().create_future()

    async def listening(scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/found":
            body = await Request(scope, receive).body()
            await Response(status_code=204)(scope, receive, send)
            if not arrived.done():
                arrived.set_result(json.loads(body))
        else:
            await app(scope, receive, send)

    async with served(listening) as address, tab(address), asyncio.timeout(PATIENCE):
        return await arrived


async def picture(url: str, path: Path, width: int, height: int, *, dark: bool = False) -> None:
    """Take a picture of a page."""
    options = [f"--screenshot={path}", f"--window-size={width},{height}"]
    if dark:
        options.append("--blink-settings=preferredColorScheme=0")
    async with chromium(url, *options) as running, asyncio.timeout(PATIENCE):
        await running.wait()
