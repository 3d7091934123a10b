"""What the config says of trackers, as the rounds take it."""

from __future__ import annotations

import weakref

from bot.config import Config, load
from bot.watch.sources.trackers.downdetector import Downdetector
from bot.watch.sources.trackers.isitdownrightnow import IsItDownRightNow
from bot.wiring import kept, setting, watched
from tests.fakes.trackers import CLIENT, SECRET

ROUTES = {"web": {"kind": "http", "url": "https://x.example/"}}
DOWNDETECTOR = {"client_id": CLIENT, "client_secret": SECRET}


def rows(said):
    """What is watched by a config without heartbeats."""
    return tuple(watched(said, None, setting(said).services))


def config(trackers, **services):
    said = {name: {"routes": ROUTES, "trackers": of} for name, of in services.items()}
    return Config.model_validate({"services": said, "trackers": trackers})


def test_services_share_an_account_and_a_domain():
    dd, isit = {"kind": "downdetector", "company": 7}, {"kind": "isitdownrightnow", "domain": "x.com"}
    x, y, z = rows(config({"downdetector": DOWNDETECTOR}, x=[dd, isit], y=[isit, dd | {"company": 9}], z=[]))
    (x_dd,), (y_dd,) = x.sources, y.sources
    assert isinstance(x_dd, Downdetector)
    assert x_dd.account is y_dd.account
    assert (x_dd.account.companies, x_dd.company, y_dd.company) == ((7, 9), 7, 9)

    (x_isit,), (y_isit,) = x.in_doubt, y.in_doubt
    assert isinstance(x_isit, IsItDownRightNow)
    assert x_isit is y_isit
    assert x_isit.url == "https://www.isitdownrightnow.com"
    assert (z.sources, z.in_doubt) == ((), ())


def test_two_readings_of_a_config_remember_nothing_of_each_other():
    said = config({"downdetector": DOWNDETECTOR}, x=[{"kind": "downdetector", "company": 7}])
    (one,), (two,) = (rows(said)[0].sources for _ in range(2))
    assert one.account is not two.account


def test_the_page_comes_before_the_trackers():
    said = config({"downdetector": DOWNDETECTOR}, x=[{"kind": "downdetector", "company": 7}])
    page = {"kind": "statuspage", "url": "https://status.example.org/"}
    tree = said.model_dump(exclude_unset=True)
    tree["services"]["x"]["official"] = page
    tree["trackers"]["downdetector"] = DOWNDETECTOR
    assert [source.kind for source in rows(Config.model_validate(tree))[0].sources] == [
        "statuspage",
        "downdetector",
    ]


def test_secrets_come_from_the_environment_and_from_files(tmp_path, monkeypatch):
    monkeypatch.setenv("DD_ID", CLIENT)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "config.yaml").write_text(
        'services: {x: {routes: {web: {kind: http, url: "https://x.example/"}}, trackers: [{kind: downdetector, company: "7"}]}}\n'
        'trackers: {downdetector: {client_id: "${DD_ID}", client_secret_file: secret}}\n'
    )
    said = load(tmp_path / "config.yaml")
    settings = rows(said)[0].sources[0].account.settings
    assert (settings.client_id.get_secret_value(), settings.client_secret.get_secret_value()) == (CLIENT, SECRET)
    assert CLIENT not in repr(said)
    assert SECRET not in repr(said)


def test_settings_that_are_equal_are_the_former_ones_and_are_never_all_held_twice():
    former = setting(config({}, x=[], y=[]))
    made = setting(config({}, x=[], y=[], z=[]), former)
    for of, before in ((made.services, former.services), (made.rules, former.rules), (made.holds, former.holds)):
        assert list(of) == ["x", "y", "z"]
        assert all(of[key] is before[key] for key in before)
    assert made == setting(config({}, x=[], y=[], z=[]))

    live = []

    def values():
        for number in range(9):
            yield str(number), (value := Value())
            live.append(weakref.ref(value))
            del value
            assert sum(one() is not None for one in live) <= 1

    assert kept({str(number): Value() for number in range(9)}, values()).keys() == set("012345678")


class Value:
    """Equal to any other."""

    def __eq__(self, other):
        return isinstance(other, Value)

    __hash__ = None


def test_what_is_watched_are_the_services_that_the_recorder_has():
    said = config({}, x=[], y=[])
    services = setting(said).services
    assert all(row.service is services[row.service.id] for row in watched(said, None, services))


def test_what_services_have_in_common_is_held_once():
    said = config({}, x=[], y=[])
    settings = setting(said)
    assert settings.rules["x"] is settings.rules["y"]
    assert all(row.checks is said.services[row.service.id].routes for row in watched(said, None, settings.services))
