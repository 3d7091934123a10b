"""Which modules a command loads: what it has no use for is neither waited for nor kept in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNUSED = {
    "click",
    "discord.player",
    "fastapi",
    "httpx._main",
    "markdown_it",
    "opentelemetry",
    "pygments",
    "slack_sdk.web.client",
    "sqlalchemy.orm",
}  # of libraries, by nobody
DATABASE = {"sqlalchemy", "aiosqlite", "alembic", "bot.store"}
PAGE = {"starlette", "uvicorn", "jinja2", "prometheus_client", "bot.web.app"}
CHANNELS = {"slack_sdk", "discord", "telegram", "aiosmtplib", "aiohttp"}


def loaded(*arguments, code="from bot.__main__ import main; main()", cwd=ROOT):
    """The modules that are there when a command ends."""
    code = f"import atexit, sys; atexit.register(lambda: print('LOADED', *(m for m in sys.modules if getattr(sys.modules[m], '__spec__', None))));{code}"
    env = os.environ | {"PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": "", "PYTHONIOENCODING": "utf-8"}
    env.pop("COLUMNS", None)
    command = [sys.executable, "-c", code, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return set(ran.stdout.rpartition("LOADED")[2].split())


def test_help_loads_neither_config_nor_database_nor_what_reads_markdown():
    found = loaded("--help")
    assert not found & (
        UNUSED | DATABASE | PAGE | CHANNELS | {"asyncio", "pydantic", "bot.config", "bot.model", "bot.wording"}
    )


def test_help_is_ready_and_as_the_command_line_makes_it():
    code = "import sys; from bot.cli import main; sys.argv[0] = 'tocsin'; main()"
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    env.pop("COLUMNS", None)
    command = [sys.executable, "-c", code, "--help"]
    made = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=True, encoding="utf-8")
    assert (ROOT / "bot" / "help.txt").read_text("utf-8") == made.stdout
    assert "bot.cli" not in loaded("--help")


def test_a_healthcheck_of_what_runs_loads_next_to_nothing(tmp_path):
    code = """
import socket, threading
from bot import runtime_record
from bot.healthcheck import quick
door = socket.create_server(("127.0.0.1", 0))
def answer():
    line = door.accept()[0]; line.recv(9999)
    line.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}"); line.close()
threading.Thread(target=answer, daemon=True).start()
with runtime_record.kept("config.yaml") as record:
    record.say(door.getsockname())
    assert quick([]) == 0
"""
    found = loaded(code=code, cwd=tmp_path)
    assert len({name for name in found if name.startswith("bot")}) == 3
    assert not found & {"asyncio", "cyclopts", "rich", "pydantic", "yaml", "json", "logging", "pathlib", "typing"}


def test_status_loads_neither_the_page_nor_any_channel(tmp_path):
    (tmp_path / "config.yaml").write_text(
        "services: {x: {routes: {web: 'https://x.example'}}}\nweb: {listen: '127.0.0.1:9'}\n"
    )
    found = loaded("status", cwd=tmp_path)
    assert "bot.config" in found
    assert not found & (UNUSED | PAGE | CHANNELS | {"rich", "alembic"})


def test_the_daemon_loads_nothing_that_it_was_not_asked_for():
    found = loaded(code="import bot.quick_run, bot.daemon, uvloop")
    assert "bot.daemon" in found
    assert not found & (UNUSED | CHANNELS | {"rich", "alembic", "cyclopts", "bot.watch.sources.dialects.known"})


def test_the_channels_load_no_part_of_a_library_that_nobody_uses():
    code = """
import bot.channels.discord.channel, bot.channels.slack.channel, bot.channels.telegram.channel
bot.channels.telegram.channel.Request(None, 1)
"""
    found = loaded(code=code)
    assert found >= {"slack_sdk", "discord", "telegram"}
    assert not found & (UNUSED | {"h11", "httpcore"})
