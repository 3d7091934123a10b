"""Jobs that call: their tokens in the file, and the addresses that `tocsin check` shows."""

from __future__ import annotations

import pytest

from bot.app import open_app
from bot.config import Config
from bot.wiring import addresses
from tests.config.test_config import RIGHT, read, refused
from tests.fakes.mail import free_ports

JOB = "  y: {routes: {job: {kind: heartbeat, every: 24h, token: a-token-of-the-file}}}\n"


def test_two_jobs_with_one_token_are_refused_without_showing_it(tmp_path):
    two = RIGHT.replace("channels:", JOB + JOB.replace("  y:", "  z:") + "channels:")
    [said] = refused(tmp_path, two)
    assert said.endswith(
        "services.z.routes.job.token: is also that of services.y.routes.job; each job needs one of its own"
    )
    assert "of-the-file" not in said


def test_a_token_may_stand_in_a_file_and_a_short_one_is_refused(tmp_path):
    (tmp_path / "token").write_text("a-token-of-the-file\n")
    config = read(
        tmp_path,
        RIGHT.replace("channels:", JOB.replace("token: a-", "token_file: a-") + "channels:").replace(
            "a-token-of-the-file", "token"
        ),
    )
    assert config.services["y"].routes["job"].token.get_secret_value() == "a-token-of-the-file"
    [said] = refused(tmp_path, RIGHT.replace("channels:", JOB.replace("a-token-of-the-file", "hunter2") + "channels:"))
    assert "expected 12 or more letters" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("header", ["X Real", "X-Real-IP:", ""])
def test_a_header_that_is_none_is_refused(tmp_path, header):
    [said] = refused(tmp_path, f'{RIGHT}web: {{trust_proxy: "{header}"}}\n')
    assert "web.trust_proxy" in said


async def test_check_shows_where_a_job_calls_once_a_daemon_has_made_it(tmp_path):
    [port] = free_ports(1)
    config = Config.model_validate(
        {
            "database": f"sqlite:///{tmp_path}/tocsin.db",
            "web": {"listen": f"127.0.0.1:{port}"},
            "services": {
                "backup": {
                    "routes": {
                        "job": {"kind": "heartbeat", "every": "24h"},
                        "own": {"kind": "heartbeat", "every": "24h", "token": "a-token-of-the-file"},
                    }
                }
            },
        }
    )
    own = f"http://127.0.0.1:{port}/heartbeat/TOKEN (the one in the config)"
    before = await addresses(config)
    assert before == {
        "backup/job": "no address yet: no daemon has run here yet: start one with `tocsin run`",
        "backup/own": own,
    }
    assert list(tmp_path.iterdir()) == []
    async with open_app(config) as home:
        shown = await addresses(config)
        token = shown["backup/job"].removeprefix(f"http://127.0.0.1:{port}/heartbeat/")
        assert home.heartbeats.whose(token) == ("backup", "job")
        assert shown["backup/own"] == own
