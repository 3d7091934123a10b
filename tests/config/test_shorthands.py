"""What people write instead of a list, a map or a kind is taken as it is meant."""

from __future__ import annotations

import pytest

from tests.config.test_config import read, refused

REST = "channels: {console: {}}\naudiences: {desk: {broadcast: console:here}}\n"


def services(tmp_path, text):
    return read(tmp_path, f"services: {text}\n{REST}").services


def test_a_single_value_is_a_list_of_it(tmp_path):
    config = read(
        tmp_path,
        """\
canaries: https://one.example
maintenance: {service: x, every: sunday 02:00, for: 2h}
channels: {console: {}}
services: {x: {routes: {web: {kind: http, url: "https://x.example"}}, depends_on: y}, y: https://y.example}
audiences: {desk: {ladder: console:here, services: x, escalate: {after: 10m, to: console:there}}}
digests: {d: {to: console:here, when: "0 8 * * *"}}
""",
    )
    desk = config.audiences["desk"]
    assert (config.canaries, config.services["x"].depends_on, desk.services) == (
        ("https://one.example",),
        ("y",),
        ("x",),
    )
    assert [str(place) for place in (*desk.ladder, *desk.escalate[0].to, *config.digests["d"].to)] == [
        "console:here",
        "console:there",
        "console:here",
    ]
    assert len(config.maintenance) == 1


@pytest.mark.parametrize(
    "text", ["github", "[github]", "{github: }", "{github: github}", "{github: {service: github}}"]
)
def test_a_service_may_be_a_name_of_the_catalogue(tmp_path, text):
    assert services(tmp_path, text) == services(tmp_path, "{github: {service: github}}")


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("https://x.example/health", {"kind": "http", "url": "https://x.example/health"}),
        ("{url: https://x.example}", {"kind": "http", "url": "https://x.example"}),
        ("wss://x.example/live", {"kind": "websocket", "url": "wss://x.example/live"}),
        ("tcp://x.example:25", {"kind": "tcp", "host": "x.example", "port": 25}),
        ('"tcp://[::1]:25"', {"kind": "tcp", "host": "::1", "port": 25}),
    ],
)
def test_a_route_may_be_its_address(tmp_path, text, check):
    [route] = services(tmp_path, f"{{x: {{routes: {{web: {text}}}}}}}")["x"].routes.values()
    assert {key: getattr(route, key) for key in check} == check


def test_a_service_may_be_the_address_of_its_site(tmp_path):
    assert services(tmp_path, "{x: https://x.example}")["x"].routes["web"].url == "https://x.example"


@pytest.mark.hardened(
    "N-B17", "values of the wrong shape in the config", "said in plain words, none of the validator's"
)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: 5", "services: expected keys with their values"),
        ("services: {x: 5}", "services.x: expected keys with their values"),
        ("services: {x: {routes: 5}}", "services.x.routes: expected keys with their values"),
        ("services: {x: {routes: {}}}", "services.x.routes: expected at least 1"),
        ("services: {x: {routes: {web: x.example}}}", "services.x.routes.web: expected an address such as https://"),
        ("services: {x: {routes: {web: [a]}}}", "services.x.routes.web: expected an address such as https://"),
        ("services: {x: {routes: {web: ftp://a}}}", "services.x.routes.web: expected an address such as https://"),
        ("audiences: {desk: 5}", "audiences.desk: expected keys with their values"),
        ("audiences: {desk: {broadcast: 5}}", "audiences.desk.broadcast.0: is no destination"),
        ("digests: {d: {to: [], when: 0 8 * * *}}", "digests.d.to: expected at least 1"),
        ("maintenance: 5", "maintenance.0: expected keys with their values"),
        ("admins: {}", "admins: expected a list"),
        ("language: 5", "language: expected text; put it in quotes"),
        ("defaults: {confirm_rounds: 1.5}", 'defaults.confirm_rounds: "1.5" is no whole number'),
    ],
)
def test_a_value_of_the_wrong_shape_is_said_in_plain_words(tmp_path, text, said):
    lines = refused(tmp_path, text)
    assert any(said in line for line in lines), lines
    assert not [line for line in lines if "dictionary" in line.lower() or "tuple" in line or "instance of" in line]
