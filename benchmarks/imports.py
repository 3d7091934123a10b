"""Memory before anything is done: what importing takes, each measured in a fresh interpreter."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.checks import Size
from benchmarks.figures import Row

DAEMON = "uvloop, bot.quick_run, bot.daemon"
CHANNELS = (
    "bot.channels.slack.channel, bot.channels.slack.socket_mode, bot.channels.discord.channel, "
    "bot.channels.telegram.channel, bot.channels.telegram.polling, bot.channels.email.smtp"
)
IMPORTS = {
    "Python alone": "sys",
    "the daemon, no channel": DAEMON,
    "the daemon and all four channels": f"{DAEMON}, {CHANNELS}",
}
SAY = "import os, sys; sys.modules['cryptography'] = None; import {}; os.write(1, open('/proc/self/status').read().partition('VmRSS:')[2].split()[0].encode())"


async def rows(_size: Size) -> list[Row]:
    return [Row(f"memory, imports only: {what}", f"{await taken(said):.0f} MB") for what, said in IMPORTS.items()]


async def taken(modules: str) -> float:
    """Resident MB of 2^20 bytes after importing them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SAY.format(modules), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return int(said) / 1024
