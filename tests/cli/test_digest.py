"""`tocsin digest`: looked at in a folder, or sent to one address, and to nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.store import open_store
from tests.cli.test_cli import tocsin
from tests.fakes.mail import PASSWORD, SENDER, FakeRelay
from tests.store.made import further, over

CONFIG = """
services:
  x: {{name: X (Twitter), routes: {{web: {{kind: http, url: "https://x.example/"}}}}}}
database: sqlite:///{folder}/tocsin.db
channels:
  email: {{server: "{server}", password: {password}, security: none, from: "{sender}"}}
digests:
  comms: {{title: Morning brief, to: ["email:comms@example.org"], when: "08:00", attach: [csv]}}
mail: {{organisation: The Daily Herald, color: "#7a1f3d"}}
"""


async def made(folder, relay):
    """A config, and a database in which x was down for a while an hour ago."""
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(folder=folder, server=relay.url, password=PASSWORD, sender=SENDER))
    since = datetime.now(UTC) - timedelta(hours=1)
    async with open_store(f"sqlite:///{folder}/tocsin.db") as store:

        def begun(situation):
            move = further()(situation)
            incident = replace(move.state.incident, service="x", since=since)
            state = replace(move.state, incident=incident)
            return replace(move, state=state, changes=(replace(move.changes[0], incident=incident),))

        await store.incidents.apply("x", begun, since)
        await store.incidents.apply("x", over(since + timedelta(minutes=20)), since + timedelta(minutes=20))


async def test_a_preview_writes_all_parts_to_a_folder_and_sends_nothing(tmp_path):
    async with FakeRelay() as relay:
        await made(tmp_path, relay)
        ran = await tocsin(tmp_path, "digest", "comms", "--preview", str(tmp_path / "out"))
        assert relay.applied == []
    assert ran.code == 0, ran.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    assert names == {"chat.txt", "mail.html", "mail.txt", "bar1.png", f"outages-{day}.csv", f"uptime-{day}.csv"}
    page = (tmp_path / "out" / "mail.html").read_text()
    assert 'src="bar1.png"' in page
    assert "cid:" not in page
    assert "The Daily Herald" in page
    assert "Morning brief" in page
    assert (tmp_path / "out" / "bar1.png").read_bytes().startswith(b"\x89PNG")
    assert re.search(r"1 outage, 20 min", (tmp_path / "out" / "chat.txt").read_text())
    assert sorted(ran.out.split()) == sorted(str(tmp_path / "out" / name) for name in names)


async def test_it_goes_to_one_address_alone(tmp_path):
    async with FakeRelay() as relay:
        await made(tmp_path, relay)
        ran = await tocsin(tmp_path, "digest", "comms", "--send-to", "me@example.org")
        assert [message.place for message in relay.applied] == ["me@example.org"]
        assert relay.broken == []
    assert (ran.code, ran.out.strip()) == (0, "sent to me@example.org")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("comms",), "nothing to do; expected --preview FOLDER or --send-to ADDRESS, or both"),
        (("nothing", "--preview", "out"), 'there is no digest "nothing"; expected one of comms'),
        (("comms", "--send-to", "me"), '"me" is no e-mail address; expected one address, such as desk@example.org'),
    ],
)
async def test_a_mistake_is_one_line(words, said, tmp_path):
    async with FakeRelay() as relay:
        await made(tmp_path, relay)
        ran = await tocsin(tmp_path, "digest", *words)
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1
