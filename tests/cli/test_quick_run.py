"""`tocsin run` without the library that reads command lines."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from bot import quick_run, start
from bot.cli import status


@pytest.fixture
def started(monkeypatch):
    """What the daemon was started with."""
    calls = []
    monkeypatch.setattr(start, "daemon", lambda *said: calls.append(said) or 3)
    return calls


@pytest.mark.parametrize(
    ("arguments", "config", "log_format", "log_level"),
    [
        ([], "config.yaml", "text", "info"),
        (["-c", "/etc/a=b.yaml"], "/etc/a=b.yaml", "text", "info"),
        (["--log-format", "json", "--config=x=y", "--log-level=debug"], "x=y", "json", "debug"),
    ],
)
def test_it_starts_the_daemon_as_the_command_line_would(started, arguments, config, log_format, log_level):
    assert quick_run.quick(arguments) == 3
    assert started == [(Path(config), log_format, log_level)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-c"],
        ["-c", ""],
        ["-c", "--log-level"],
        ["-c", "a", "--config", "b"],
        ["config.yaml"],
        ["--config="],
        ["--log-level", "loud"],
        ["--log-format=JSON"],
        ["--other", "x"],
    ],
)
def test_what_it_does_not_understand_it_leaves_alone(started, arguments):
    assert quick_run.quick(arguments) is None
    assert not started


def test_it_knows_all_options_with_their_defaults():
    found = inspect.signature(status.run).parameters
    assert set(quick_run.OPTIONS.values()) == set(found)
    assert [one.default for one in found.values()] == [Path("config.yaml"), "text", "info"]


@pytest.mark.parametrize(("text", "code", "said"), [("[", 2, "config.yaml"), (None, 2, "config.yaml")])
def test_an_unusable_config_is_explained(tmp_path, capsys, text, code, said):
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit) as ended:
        quick_run.quick(["-c", str(path)])
    assert ended.value.code == code
    assert said in capsys.readouterr().err
