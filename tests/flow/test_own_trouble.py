"""The whole daemon while its database is damaged or locked: everybody who should hears of it, and it ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time

import pytest

from tests.flow.house import STOPS_WITHIN, eventually, world

pytestmark = pytest.mark.long


@pytest.mark.hardened(
    "R15", "the database is overwritten under the daemon", "503; admins hear by a way that needs none"
)
@pytest.mark.hardened("R13", "SIGTERM while the database cannot be used", "ends in 5 s with 0, no traceback")
async def test_a_damaged_database_is_told_to_the_admins_and_holds_up_no_stop(tmp_path, saw):
    async with world(tmp_path) as street:
        street.keep("telegram")
        async with street.daemon(heard=False) as daemon:
            await daemon.becomes("up")
            path = tmp_path / "tocsin.db"
            keeper = sqlite3.connect(path)
            keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            keeper.close()
            with path.open("r+b") as file:
                for page in range(1, path.stat().st_size // 4096):
                    file.seek(page * 4096)
                    file.write(os.urandom(4096))

            async def unwell():
                answer = await daemon.get("/healthz")
                return answer is not None and answer.status_code == 503 and answer.json()

            said = await eventually(unwell, within=30)
            assert "database: its file is damaged" in said["troubles"][0]
            texts = street.telegram.messages
            await eventually(lambda: any("Tocsin itself has had trouble" in one.text for one in texts), within=40)
            [told] = [one for one in texts if "Tocsin itself has had trouble" in one.text]
            saw(told.text.splitlines()[1])
            assert daemon.process.returncode is None
            saw(f"ended after {await daemon.stop():.0f} s with 0")


@pytest.mark.hardened("R13", "SIGINT twice while the database is locked", "ends at once, with 130")
async def test_interrupted_twice_it_ends_at_once(tmp_path, saw):
    async with world(tmp_path) as street:
        street.keep("telegram")
        async with street.daemon(heard=False) as daemon:
            other = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            street.fail()
            await asyncio.sleep(1)
            daemon.process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.2)
            began = time.monotonic()
            daemon.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(STOPS_WITHIN):
                code = await daemon.process.wait()
            assert code == 130 or (code == 0 and time.monotonic() - began < 1)
            saw(f"ended with {code}")
            other.close()
