"""Chromium, as far as the tests and pictures of the page need it: headless, without a network of its own."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import tempfile
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path

import uvicorn

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 180  # seconds, for a busy machine


@asynccontextmanager
async def served(app):
    """The site on a free port; its address."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[door]))
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await serving


async def chromium(url: str, *options: str) -> str:
    """Run it once on an address, and return what it prints."""
    with tempfile.TemporaryDirectory() as home:
        running = await asyncio.create_subprocess_exec(
            str(CHROMIUM),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            f"--user-data-dir={home}",
            *options,
            url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                out, _ = await running.communicate()
        except TimeoutError:
            running.kill()
            await running.wait()
            raise
    return out.decode(errors="replace")


async def picture(url: str, path: Path, width: int, height: int, *, dark: bool = False) -> None:
    """Take a picture of a page."""
    options = [f"--screenshot={path}", f"--window-size={width},{height}"]
    if dark:
        options.append("--blink-settings=preferredColorScheme=0")
    await chromium(url, *options)


async def measured(url: str) -> list[dict]:
    """What the page of frames at `url` found."""
    text = await chromium(url, "--dump-dom", "--virtual-time-budget=10000", "--window-size=1400,1000")
    found = re.search(r'data-found="([^"]*)"', text)
    assert found, text[:2000]
    return json.loads(unescape(found[1]))
