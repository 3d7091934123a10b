"""A changed config is taken up by the running daemon; a wrong one is not, and it says why."""

from __future__ import annotations

import signal
from contextlib import asynccontextmanager

from tests.flow.house import eventually, world


def another(street, path="/blog", **more):
    return {"routes": {"web": {"kind": "http", "url": street.site.url(path)} | more}}


@asynccontextmanager
async def lean(folder):
    async with world(folder) as street:
        street.keep("telegram")
        yield street


async def test_what_is_changed_is_taken_up_without_a_restart_and_nothing_is_missed(tmp_path):
    async with lean(tmp_path) as street, street.daemon() as daemon:
        street.site.paths["/blog"] = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
        street.config["services"]["blog"] = another(street) | {"name": "Our blog"}
        street.write()
        await daemon.becomes("down", "blog")
        await street.telegram.until(lambda: any("Our blog: down since" in m.text for m in street.telegram.messages))

        # What is saved while an earlier change is being taken up counts too.
        street.config["services"]["second"] = another(street, "/second")
        street.write()
        await eventually(lambda: daemon.log.count("is in force: 1 services added") == 2)
        street.config["services"]["third"] = another(street, "/third")
        street.write()
        await daemon.becomes("up", "third")
        await daemon.becomes("up", "second")


async def test_a_config_that_cannot_be_opened_leaves_the_old_one_running(tmp_path):
    async with lean(tmp_path) as street, street.daemon() as daemon:
        street.config["web"]["listen"] = f"127.0.0.1:{street.hook.port}"
        street.write()
        await eventually(lambda: "the old settings stay: cannot listen on" in daemon.log)
        await eventually(daemon.well)
        await daemon.becomes("up")
        street.fail()
        await street.telegram.until(lambda: street.telegram.messages)


async def test_a_wrong_config_is_refused_with_its_line_and_the_old_one_stays(tmp_path):
    async with lean(tmp_path) as street, street.daemon() as daemon:
        await daemon.becomes("up")
        right = street.config["services"]["banner"]
        street.config["services"]["banner"] = another(street, "/banner", knd="http")
        path = street.write()
        line = path.read_text().splitlines().index("        knd: http") + 1
        await eventually(lambda: "not taken" in daemon.log)
        assert f'{path}:{line}:9: services.banner.routes.web.knd: unknown key; did you mean "kind"?' in daemon.log

        street.fail()
        await street.telegram.until(lambda: street.telegram.messages)
        assert "X (Twitter): down since" in street.telegram.messages[0].text

        # Put right again, it is the config that runs: nothing starts anew. A broken file and SIGHUP do no harm either.
        street.config["services"]["banner"] = right
        path.write_text("services: [")
        daemon.process.send_signal(signal.SIGHUP)
        await eventually(lambda: daemon.log.count("not taken") >= 2)
        assert len(street.telegram.called("setMyCommands")) == 1
        street.heal()
        await street.telegram.until(lambda: "restored" in street.telegram.messages[-1].text)
