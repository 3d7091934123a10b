"""What is installed is what the locks say, and the wheel carries what its messages name."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import bot
from tests.cli.test_cli import tocsin

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
MAKEFILE = (ROOT / "Makefile").read_text()
UNIT = (ROOT / "docs/tocsin.service").read_text()
WITNESS_UNIT = (ROOT / "docs/tocsin-witness@.service").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(lock):
    """Name -> version and hashes."""
    lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    found = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {re.split(r"[=\[ ;]", line)[0].lower(): line for line in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_has_its_version_and_its_hash_and_no_address(lock):
    for line in pinned(lock).values():
        assert re.match(r"[\w.\-]+(\[[\w,]+\])?==[\w.!+]+ ", line), line
        assert "--hash=sha256:" in line, line
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.hardened("B5", "what builds it", "is in a lock, with hashes; no build fetches anything else")
def test_what_builds_it_is_locked_too(saw):
    names = pinned("requirements-build.lock")
    for need in (*PROJECT["build-system"]["requires"], *PROJECT["dependency-groups"]["build"]):
        assert re.split(r"[>=<]", need)[0] in names
    for name, line in pinned("requirements-dev.lock").items():
        for lock in LOCKS[:2]:
            known = pinned(lock).get(name)
            assert known is None or known.split()[0] == line.split()[0], name
    saw(", ".join(line.split()[0] for line in names.values()))


@pytest.mark.hardened(
    "B5", "each `pip install` of Dockerfile, Makefile and systemd unit", "hashes required, or offline"
)
@pytest.mark.parametrize("text", [DOCKERFILE, MAKEFILE, UNIT], ids=["Dockerfile", "Makefile", "unit"])
def test_nothing_is_installed_that_no_lock_names(text):
    calls = re.findall(r"(?:pip|PIP\)) (install|wheel) ([^\n&;|]*)", text)
    assert len(calls) >= 2
    for _, options in calls:
        locked = re.search(r"--require-hashes -r requirements(-build|-dev)?\.lock", options)
        ours = "--no-deps" in options and ("--no-build-isolation" in options or "--no-index" in options)
        assert locked or ours, options
    assert "||" not in "".join(line for line in text.splitlines() if "no-build-isolation" in line)


@pytest.mark.hardened("B5", "the base image", "by digest")
def test_the_base_image_is_named_by_its_digest(saw):
    [base] = re.findall(r"^ARG BASE=(.*)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim[\w-]*@sha256:[0-9a-f]{64}", base)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${BASE}"}
    saw(base)


def test_what_the_image_is_made_of_is_let_into_its_build():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == kept


def test_the_container_has_limits_and_can_write_its_data_alone():
    said = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]["tocsin"]
    assert said["mem_limit"]
    assert said["ulimits"]["nofile"]["hard"] >= 65536
    assert (said["read_only"], said["cap_drop"], "no-new-privileges:true" in said["security_opt"]) == (
        True,
        ["ALL"],
        True,
    )
    assert said["healthcheck"]["test"][1:3] == ["tocsin", "healthcheck"]


def test_the_nodes_of_a_cluster_are_alike_and_have_the_limits_of_one():
    said = YAML(typ="safe").load(ROOT / "compose.cluster.yaml")["services"]
    alone = YAML(typ="safe").load(ROOT / "compose.yaml")["services"]["tocsin"]
    nodes = [said[name] for name in ("node-a", "node-b")]
    own = {"hostname", "ports"}
    assert len({str({key: value for key, value in node.items() if key not in own}) for node in nodes}) == 1
    assert {node["hostname"] for node in nodes} == {"node-a", "node-b"}
    for key in alone.keys() - {"volumes", "ports", "env_file"}:
        assert nodes[0][key] == alone[key], key
    assert nodes[0]["volumes"] == ["./data:/data:ro"]  # the state is in the database
    assert said["db"]["environment"]["POSTGRES_PASSWORD"].startswith("${DB_PASSWORD:?")


def test_a_witness_has_limits_too_and_needs_no_data():
    said = YAML(typ="safe").load(ROOT / "compose.witness.yaml")["services"]["witness"]
    assert said["command"] == ["witness"]
    assert (said["read_only"], said["cap_drop"], said["mem_limit"]) == (True, ["ALL"], "128m")
    assert "volumes" not in said
    assert "ports" not in said
    unit = dict(re.findall(r"^(\w+)=(.*)$", WITNESS_UNIT, re.MULTILINE))
    ours = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))
    assert unit["RestartPreventExitStatus"] == "2"
    differ = {"Description", "Documentation", "ExecStart", "EnvironmentFile", "MemoryMax", "TasksMax"}
    assert {key for key in unit.keys() & ours.keys() if unit[key] != ours[key]} <= differ


@pytest.mark.hardened("A2", "the systemd unit", "LimitNOFILE, MemoryMax, no privileges")
def test_the_unit_has_limits_and_no_privileges():
    said = dict(re.findall(r"^(\w+)=(.*)$", UNIT, re.MULTILINE))
    assert int(said["LimitNOFILE"]) == 65536
    assert {"MemoryMax", "TasksMax", "RestrictAddressFamilies", "SystemCallFilter"} <= set(said)
    assert (said["NoNewPrivileges"], said["ProtectSystem"], said["CapabilityBoundingSet"]) == ("yes", "strict", "")
    assert "WatchdogSec" not in said  # nobody would feed it


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path):
    unit = tmp_path / "tocsin.service"
    unit.write_text(UNIT.replace("/opt/tocsin/.venv/bin/tocsin", "/bin/true").replace("/opt/tocsin", "/"))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "tocsin.service" in line] == []


# ── the wheel ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy of the sources, offline, by what is installed."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "config.example.yaml"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "bot", source / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, made], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(made.glob("*.whl"))


@pytest.mark.hardened("C-wheel", "what the wheel's messages name", "is in it")
def test_the_wheel_carries_what_its_messages_name(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        metadata = Parser().parsestr(packed.read(next(n for n in names if n.endswith("/METADATA"))).decode())
        packed.extract("bot/config.example.yaml", tmp_path)
    assert (tmp_path / "bot/config.example.yaml").read_text() == (ROOT / "config.example.yaml").read_text()
    kept = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert kept <= names
    assert metadata["Version"] == bot.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert {"Programming Language :: Python :: 3.11", "Programming Language :: Python :: 3.13"} <= set(
        metadata.get_all("Classifier")
    )
    assert not [name for name in names if name.startswith("tests/")]


async def test_who_has_no_config_is_told_how_to_make_one_and_it_works(tmp_path):
    ran = await tocsin(tmp_path, "check")
    assert ran.line.endswith("make one from config.example.yaml: tocsin example > config.yaml")
    made = await tocsin(tmp_path, "example")
    assert (made.code, made.out, made.err) == (0, (ROOT / "config.example.yaml").read_text(), "")


# ── and what is known of it ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_bill_of_materials_names_all_of_the_lock(tmp_path):
    target = tmp_path / "tocsin.cdx.json"
    [recipe] = re.findall(r"cyclonedx_py (.*) -o dist/tocsin\.cdx\.json requirements\.lock", MAKEFILE)
    options = [option for option in recipe.split() if option != "--validate"]  # which takes half a minute
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *options, "-o", target, ROOT / "requirements.lock"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    made = json.loads(target.read_text())
    assert (made["bomFormat"], made["metadata"]["component"]["name"]) == ("CycloneDX", "tocsin")
    assert {part["name"].lower().replace("_", "-") for part in made["components"]} == set(pinned("requirements.lock"))
    assert all(part["version"] and part["purl"].startswith("pkg:pypi/") for part in made["components"])


@pytest.fixture
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools/audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.hardened("B5", "an audit of the lock where the service cannot be reached", "one line, exit code 1")
def test_an_audit_that_could_not_look_says_so(audit, monkeypatch, capsys):
    def away(*_, **__):
        return subprocess.CompletedProcess([], 1, "", "Traceback ... ConnectionError")

    monkeypatch.setattr(audit.subprocess, "run", away)
    assert audit.main(["requirements.lock", "requirements-build.lock"]) == 1
    assert capsys.readouterr().err == f"audit: {audit.AWAY}\n"


def test_an_audit_tells_what_is_known_and_what_was_not_looked_up(audit):
    good, bad = {"name": "a", "version": "1", "vulns": []}, {"id": "CVE-1", "fix_versions": ["2"]}
    assert audit.verdict("l", [good]) == (0, "l: 1 packages, no known vulnerability")
    assert audit.verdict("l", [good, {"name": "b", "version": "1", "vulns": [bad]}]) == (1, "b 1: CVE-1, mended in 2")
    assert audit.verdict("l", [good, {"name": "b", "skip_reason": "?"}]) == (1, "l: not audited: b")
    assert audit.verdict("l", [{"name": "b", "skip_reason": "?"}]) == (1, audit.AWAY)
