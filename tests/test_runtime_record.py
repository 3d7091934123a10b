"""The record of a running daemon, and the health check that finds it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot import healthcheck, runtime_record
from bot.runtime_record import kept, left_behind, running

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of temporary files, and the present folder."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / f"tocsin-{os.getuid()}"


@contextmanager
def page(answer):
    """A page that gives one answer."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def give():
            line, _ = door.accept()
            with line:
                heard.append(line.recv(9999))
                line.sendall(answer)

        heard = []
        thread = threading.Thread(target=give, daemon=True)
        thread.start()
        yield door.getsockname(), heard


def killed(config, address=("127.0.0.1", 1)):
    """Leave the record of a daemon that was killed."""
    code = f"""
import os
from bot.runtime_record import kept
with kept({config!r}) as record:
    record.say({address!r})
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)


def test_a_service_keeps_its_record_where_commands_of_its_user_find_it(tmp_path, monkeypatch):
    service = tmp_path / "run"
    service.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        patch.setenv("RUNTIME_DIRECTORY", str(service))
        record = kept("config.yaml")
        with record as kept_record:
            kept_record.say(("127.0.0.1", 8080))
            patch.delenv("RUNTIME_DIRECTORY")
            assert running("config.yaml") == []
            patch.setattr(runtime_record, "SERVICE_FOLDER", str(service))
            assert running("config.yaml") == [("127.0.0.1", 8080)]


def http(status, body=b"{}"):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_a_record_says_where_the_page_is_until_its_daemon_ends(folder):
    with kept("config.yaml") as record:
        assert running("config.yaml") == []  # nothing listens yet
        record.say(("127.0.0.1", 8080))
        assert running("config.yaml") == running(str(Path.cwd() / "config.yaml")) == [("127.0.0.1", 8080)]
        assert running("other.yaml") == []
        record.say(("::1", 9))
        assert running("config.yaml") == [("::1", 9)]
    assert running("config.yaml") == []
    assert not left_behind("config.yaml")
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_healthy_daemon_is_well(capsys):
    with kept("config.yaml") as record, page(http(200)) as (address, heard):
        record.say(address)
        assert healthcheck.quick([]) == 0
    assert capsys.readouterr() == ("well\n", "")
    assert heard[0].startswith(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % address[1])


@pytest.mark.parametrize("arguments", [["-c", "a.yaml"], ["--config", "a.yaml"], ["--config=a.yaml"]])
def test_the_config_may_be_named_as_everywhere(arguments):
    with kept("a.yaml") as record, page(http(200)) as (address, _):
        record.say(address)
        assert healthcheck.quick(arguments) == 0


@pytest.mark.parametrize("arguments", [["--help"], ["-c"], ["--conf"], ["a.yaml", "b"], ["-c", ""], ["-c", "-c"]])
def test_any_other_argument_is_for_the_whole_command_line(arguments):
    with kept("config.yaml") as record:
        record.say(("127.0.0.1", 1))
        assert healthcheck.quick(arguments) is None


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (http(503, b'{"troubles": ["database: away", 7]}'), "HTTP 503 at {url}; database: away"),
        (http(503, b"["), "HTTP 503 at {url}"),
        (http(404), "HTTP 404 at {url}"),
        (b"SSH-2.0-x\r\n", "no HTTP answer at {url}"),
        (b"", "no HTTP answer at {url}"),
    ],
)
def test_a_daemon_that_is_not_well_is_told_in_one_line(answer, line, capsys):
    with kept("config.yaml") as record, page(answer) as (address, _):
        record.say(address)
        assert healthcheck.quick([]) == 1
    url = f"http://127.0.0.1:{address[1]}/healthz"
    assert capsys.readouterr().err == f"tocsin: not well: {line.format(url=url)}\n"


def test_a_daemon_that_does_not_answer_is_not_waited_for(monkeypatch, capsys):
    monkeypatch.setattr(healthcheck, "WITHIN", 0.05)
    with kept("config.yaml") as record, socket.create_server(("127.0.0.1", 0)) as door:
        record.say(door.getsockname())
        assert healthcheck.quick([]) == 1
    assert "no answer within" in capsys.readouterr().err


def test_a_page_on_all_addresses_is_asked_on_this_machine():
    with kept("config.yaml") as record, page(http(200)) as (address, _):
        record.say(("0.0.0.0", address[1]))
        assert healthcheck.quick([]) == 0


def test_the_record_of_a_killed_daemon_is_no_daemon(capsys):
    with page(http(200)) as (address, heard):  # another program has its port now
        killed("config.yaml", address)
        assert running("config.yaml") == []
        assert healthcheck.quick([]) == 1
    assert heard == []
    assert capsys.readouterr().err == (
        "tocsin: not well: the daemon that ran with config.yaml has ended, and did not stop in order\n"
    )


def test_the_next_daemon_removes_the_records_of_killed_ones():
    killed("config.yaml")
    killed("other.yaml")
    with kept("config.yaml") as record:
        record.say(("127.0.0.1", 8080))
        assert not left_behind("config.yaml")
        assert running("config.yaml") == [("127.0.0.1", 8080)]
    assert left_behind("other.yaml")


def test_of_several_daemons_with_one_config_only_the_config_knows_the_right_one():
    with kept("config.yaml") as one, kept("config.yaml") as two:
        one.say(("127.0.0.1", 1))
        two.say(("127.0.0.1", 2))
        assert sorted(running("config.yaml")) == [("127.0.0.1", 1), ("127.0.0.1", 2)]
        assert healthcheck.quick([]) is None


def test_without_a_record_the_config_is_read():
    assert healthcheck.quick([]) is None


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_can_write_to_is_not_believed(folder, mode):
    with kept("config.yaml") as record:
        record.say(("127.0.0.1", 8080))
        folder.chmod(mode)
        assert running("config.yaml") == []
        folder.chmod(0o700)


def test_a_link_is_not_followed(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)
    with kept("config.yaml") as record:
        record.say(("127.0.0.1", 8080))  # nowhere to write it to
        assert running("config.yaml") == []
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("written", [b"", b"127.0.0.1\n", b"127.0.0.1\n80x\n%s\n", b"h\n80\n%s", b"\xff" * 9000])
def test_what_is_no_record_is_not_read(folder, tmp_path, written):
    folder.mkdir(mode=0o700)
    path = os.fsencode(tmp_path / "config.yaml")
    (folder / "x").write_bytes(written.replace(b"%s", path))
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    assert not left_behind("config.yaml")
    assert running("config.yaml") == []


def test_the_users_runtime_folder_comes_first(tmp_path, monkeypatch, folder):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    with kept("config.yaml") as record:
        record.say(("127.0.0.1", 8080))
        assert len(list((tmp_path / "run/tocsin").iterdir())) == 1
        assert not folder.exists()
        assert running("config.yaml") == [("127.0.0.1", 8080)]


def test_a_folder_that_cannot_be_made_is_no_fault(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/proc")
    with runtime_record.kept("config.yaml") as record:
        record.say(("127.0.0.1", 8080))
        assert running("config.yaml") == []
