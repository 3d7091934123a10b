"""`service: github` in a config: what the catalogue gives, what own keys win, what it costs where it is not used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from bot.config import ServiceConfig, schema
from bot.wiring import setting, watched
from tests.config.test_config import RIGHT, read, refused

ROOT = Path(__file__).parent.parent.parent
CHANNELS = RIGHT.partition("channels:")[2]


def config(folder, services):
    return read(folder, f"services:\n  {services}\nchannels:{CHANNELS}")


@pytest.mark.parametrize("name", ["github", "GH", " GitHub "])
def test_a_name_or_an_alias_brings_name_routes_and_status_page(tmp_path, name):
    found = config(tmp_path, f'ours: {{service: "{name}"}}')
    [row] = watched(found, None, setting(found).services)
    assert (row.service.id, row.service.name) == ("ours", "GitHub")
    assert row.checks["web"].url == "https://github.com/"
    assert [source.url for source in row.sources] == ["https://www.githubstatus.com/"]
    assert found.services["ours"].official.kind == "statuspage"


def test_components_are_those_of_the_catalogue():
    assert ServiceConfig(service="github-actions").official.components == ("Actions",)


def test_own_keys_win_whole(tmp_path):
    found = config(
        tmp_path,
        "github: {service: github, name: Our code, plan: Wait, every: 60s, "
        'routes: {shell: {kind: tcp, host: github.com, port: 22}}, official: {url: "https://status.example/"}}',
    )
    said = found.services["github"]
    assert (said.name, said.plan, list(said.routes), said.official.url) == (
        "Our code",
        "Wait",
        ["shell"],
        "https://status.example/",
    )
    assert config(tmp_path, "github: {service: github, official: null}").services["github"].official is None


MISTAKES = {
    "misspelt": ("gh: {service: githb}", '"githb" is not in the catalogue; did you mean "github" or "gitlab"?'),
    "not like any": (
        "gh: {service: qqqqqq}",
        '"qqqqqq" is not in the catalogue; `tocsin services` lists what is',
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_name_that_the_catalogue_has_not_is_one_line_with_what_is_near(tmp_path, mistake):
    services, said = MISTAKES[mistake]
    lines = refused(tmp_path, f"services:\n  {services}\nchannels:{CHANNELS}")
    assert lines == [f"config.yaml:2:8: services.gh.service: {said}"]


def test_what_the_docs_show_works_as_written(tmp_path):
    [text] = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/services.md").read_text(), re.DOTALL | re.MULTILINE)
    found = read(tmp_path, f"{text}channels:{CHANNELS}")
    assert [found.service(key).name for key in found.services] == ["GitHub", "Slack (newsroom)"]


def test_the_schema_wants_routes_or_a_service():
    judge = jsonschema.Draft202012Validator(schema())
    for service, right in (({"service": "github"}, True), ({"name": "X"}, False), ({"routes": {}}, False)):
        assert judge.is_valid({"services": {"x": service}}) is right


def test_who_does_not_name_the_catalogue_does_not_load_it(tmp_path):
    (tmp_path / "config.yaml").write_text(RIGHT)
    code = (
        "import sys; from pathlib import Path; from bot import cli; from bot.config import load;"
        "load(Path('config.yaml')); sys.exit('bot.catalogue' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0
