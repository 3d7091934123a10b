"""`tocsin witness` as a person meets it: one clear line for each mistake, and a small process."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from tests.cli.test_cli import ROOT, environ, tocsin
from tests.fakes.site import Site, page

TOKEN = "secret-token-of-london-57"
TASK = b'{"name": "London", "services": [], "surprise": 1}'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--server"),
        (["--server", "status.example.org"], "--server is no address; expected one such as https://"),
        (["--server", "https://"], "--server is no address"),
        (["--server", "https://x.example:99999"], "--server is no address"),
        (["--server", "https://me@x.example"], "--server is no address"),
        (["--server", "http://x.example", "--token", TOKEN], "must begin with https://"),
        (["--server", "https://x.example"], "needs --token-file"),
        (["--server", "https://x.example", "--token", " "], "the token is empty"),
        (["--server", "https://x.example", "--token-file", "/nowhere"], "cannot be read"),
        (["--server", "https://x.example", "--token", TOKEN, "--source", "eth0"], "--source is no IP address"),
        (["--server", "https://x.example", "--token", TOKEN, "--source", "192.0.2.1"], "is no address of this machine"),
    ],
)
async def test_wrong_usage_is_one_line_and_2(arguments, said, tmp_path):
    ran = await tocsin(tmp_path, "witness", *arguments)
    assert ran.code == 2
    assert said in ran.line
    assert TOKEN not in ran.out + ran.err


async def test_a_token_that_the_server_does_not_know_is_2(tmp_path):
    async with Site(page(401)) as site:
        ran = await tocsin(tmp_path, "witness", "--server", site.url(""), TOCSIN_WITNESS_TOKEN=TOKEN)
        assert ran.code == 2
        assert "knows no witness with this token" in ran.err
        assert TOKEN not in ran.err
        assert site.heard[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_it_is_small_and_stops_cleanly(tmp_path):
    """Started from nothing, as people do: what others have imported would count too."""
    async with Site(page(body=TASK, headers={"ETag": '"1"'})) as site:
        site.paths["/witness/readings"] = page(body=b'{"etag": "\\"1\\"", "checks": []}')
        env = environ(tmp_path) | {"TOCSIN_WITNESS_TOKEN": TOKEN, "TOCSIN_WITNESS_SERVER": site.url("").rstrip("/")}
        command = [sys.executable, "-m", "bot", "witness"]
        witness = await asyncio.create_subprocess_exec(*command, env=env, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
        async with asyncio.timeout(30):
            while not any(heard.target == "/witness/readings" for heard in site.heard):
                await asyncio.sleep(0.05)
            witness.send_signal(signal.SIGTERM)
            _, err = await witness.communicate()
    assert witness.returncode == 0
    assert b"Traceback" not in err
    memory = int(err.rpartition(b"at most ")[2].split()[0])
    assert 20 < memory < 60, "megabytes"
