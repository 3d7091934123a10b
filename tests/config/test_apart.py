"""A config read in a process of its own: the same config, the same errors, and the old objects where nothing changed."""

from __future__ import annotations

import asyncio
import io
import os
import pickle
import re
import subprocess
from pathlib import Path

import pytest

from bot.config import ConfigError, apart, examine, load
from bot.config.apart import described, is_live, read_apart
from bot.contracts import Unable

ROOT = Path(__file__).parents[2]
BASE = """\
web: {listen: "127.0.0.1:8080"}
channels: {webhook: {}}
services:
  x: {name: X, routes: {web: "https://x.example"}}
  y: {name: Y, routes: {web: {kind: heartbeat, every: 1h, token: a-token-of-the-file}}}
audiences:
  desk: {broadcast: ["webhook:https://hook.example/x"]}
"""


def written(folder, text=BASE):
    path = folder / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The example, with an environment that it takes."""
    text = (ROOT / "config.example.yaml").read_text()
    given = {"SLACK_BOT_TOKEN": "xoxb-1-2-" + 20 * "a", "SLACK_APP_TOKEN": "xapp-1-" + 20 * "a"}
    for name in re.findall(r"\$\{([A-Z_]+)\}", text):
        monkeypatch.setenv(name, given.get(name, 36 * "b"))
    monkeypatch.setenv("TELEGRAM_TOKEN", "1234567890:" + 35 * "A")
    return written(tmp_path, text)


async def test_it_is_the_same_config_with_the_same_warnings(example):
    example.chmod(0o644)
    here, warnings = examine(example)
    there, told = await read_apart(example, here)
    assert there == here
    assert told == warnings != []


async def test_what_is_unchanged_is_the_object_that_was_there(tmp_path):
    path = written(tmp_path)
    now = load(path)
    path.write_text(BASE.replace("name: X,", "name: Other,"))
    there, _ = await read_apart(path, now)
    assert there.services["y"] is now.services["y"]
    assert (there.services["x"].name, list(there.services)) == ("Other", ["x", "y"])
    assert described(now, there) == "services: 0 added, 1 changed, 0 removed"


@pytest.mark.parametrize("text", [BASE + "webb: 1\n", "services: [", "", "a: *b\n", BASE.replace("X,", "${NO_SUCH},")])
async def test_errors_are_told_word_by_word(tmp_path, text):
    path = written(tmp_path)
    now = load(path)
    path.write_text(text)
    with pytest.raises(ConfigError) as there:
        await read_apart(path, now)
    with pytest.raises(ConfigError) as here:
        load(path)
    assert str(there.value) == str(here.value)


async def test_what_breaks_the_reader_is_one_line_without_values(monkeypatch):
    def broken(_path):
        raise RecursionError("with a secret")

    monkeypatch.setattr(apart, "examine", broken)
    pipe = io.BytesIO()
    apart.main("config.yaml", pipe)
    kind, line = pickle.loads(pipe.getvalue()[apart.HEAD :])
    assert (kind, "secret" in line) == ("unable", False)
    assert line.startswith("config.yaml: cannot be read (RecursionError")


@pytest.mark.parametrize(
    "code", ["", "import os; os.write(1, b'12345678')", "import os; os.write(1, bytes(7) + b'\\x05abc')"]
)
async def test_a_reader_that_dies_is_no_config(tmp_path, monkeypatch, code):
    path = written(tmp_path)
    now = load(path)
    really = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: really([command[0], "-c", code], **more))
    with pytest.raises(Unable, match="the process that reads it has ended"):
        await read_apart(path, now)


async def test_a_reader_that_hangs_is_ended(tmp_path, monkeypatch):
    path = written(tmp_path)
    now = load(path)
    really, made = subprocess.Popen, []

    def hanging(command, **more):
        made.append(really([command[0], "-c", "import time; time.sleep(60)"], **more))
        return made[0]

    monkeypatch.setattr(subprocess, "Popen", hanging)
    monkeypatch.setattr(apart, "WITHIN", 0.2)
    with pytest.raises(Unable, match="cannot be read within"):
        await read_apart(path, now)
    assert made[0].returncode is not None


async def test_a_stop_meanwhile_ends_the_reader(tmp_path, monkeypatch):
    path = written(tmp_path)
    now = load(path)
    really, made = subprocess.Popen, []

    def hanging(command, **more):
        made.append(really([command[0], "-c", "import time; time.sleep(60)"], **more))
        return made[0]

    monkeypatch.setattr(subprocess, "Popen", hanging)
    task = asyncio.create_task(read_apart(path, now))
    while not made:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert made[0].returncode is not None


async def test_no_process_to_be_had_is_told(tmp_path, monkeypatch):
    path = written(tmp_path)
    now = load(path)

    def none(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none)
    with pytest.raises(Unable, match="no process can be started to read it"):
        await read_apart(path, now)


async def test_a_folder_that_bears_our_name_is_not_imported(tmp_path, monkeypatch):
    path = written(tmp_path)
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/__init__.py").write_text("raise SystemExit(1)")
    now = load(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert (await read_apart(Path("config.yaml"), now))[0] == now
    assert "PYTHONPATH" not in os.environ


LIVE = {
    "a service more": ("services:\n", 'services:\n  z: {routes: {web: "https://z.example"}}\n'),
    "another interval": ("channels:", "defaults: {every: 5s}\nchannels:"),
    "an audience more": ("audiences:\n", 'audiences:\n  two: {broadcast: ["webhook:https://hook.example/y"]}\n'),
    "canaries": ("channels:", "canaries: ['https://example.com/']\nchannels:"),
    "maintenance": ("channels:", "maintenance_before: 1h\nchannels:"),
    "the page's title": ("listen:", "title: New, listen:"),
}
ANEW = {
    "another port": ("8080", "8081"),
    "a proxy": ("listen:", "trust_proxy: X-Forwarded-For, listen:"),
    "another database": ("channels:", "database: sqlite:///other.db\nchannels:"),
    "a channel more": ("webhook: {}", "webhook: {}, console: {}"),
    "another language": ("channels:", "language: de\nchannels:"),
    "the first ladder": ("{broadcast:", "{ladder:"),
    "witnesses": ("channels:", "witnesses: {w: {token: abcdefghijklmnopqrstuvwxyz}}\nchannels:"),
}


@pytest.mark.parametrize(("old", "new"), LIVE.values(), ids=LIVE)
async def test_what_running_parts_can_take_up(tmp_path, old, new):
    now = load(written(tmp_path))
    assert is_live(now, load(written(tmp_path, BASE.replace(old, new))))


@pytest.mark.parametrize(("old", "new"), ANEW.values(), ids=ANEW)
async def test_what_is_opened_anew(tmp_path, old, new):
    now = load(written(tmp_path))
    assert not is_live(now, load(written(tmp_path, BASE.replace(old, new))))
