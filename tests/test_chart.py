"""The Helm chart: its values, and what helm makes of it where there is a helm (`make chart` gets one)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy/helm/tocsin"
VALUES = YAML(typ="safe").load(CHART / "values.yaml")
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
HELM = shutil.which("helm", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
with_helm = pytest.mark.skipif(HELM is None, reason="needs helm: make chart")
ONE = ("nodes=1", "config.database=sqlite:////data/tocsin.db", "storage.size=1Gi")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False)


def rendered(*settings: str) -> dict[tuple[str, str], dict]:
    """What the chart makes, by kind and name."""
    given = [part for setting in settings for part in ("--set", setting)]
    done = helm("template", "desk", str(CHART), "--kube-version", "1.30.0", *given)
    assert not done.returncode, done.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in YAML(typ="safe").load_all(done.stdout) if one}


def test_the_values_keep_to_their_schema():
    jsonschema.validate(VALUES, SCHEMA)
    assert VALUES.keys() == SCHEMA["properties"].keys() - {"global"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(VALUES | {"replicas": 3}, SCHEMA)


def test_the_templates_use_each_value_and_no_others():
    said = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    used = {tuple(path.split(".")[1:]) for path in re.findall(r"\.Values((?:\.\w+)+)", said)}
    for path in used:
        found = VALUES
        for name in path:
            assert isinstance(found, dict), path
            if path[0] == "config" and name not in found:
                break
            assert name in found, path
            found = found[name]
    assert {path[0] for path in used} == VALUES.keys()


def test_the_chart_is_of_this_version_of_the_docs():
    chart = YAML(typ="safe").load(CHART / "Chart.yaml")
    assert chart["name"] == CHART.name
    assert "deploy/helm/tocsin" in (ROOT / "docs/scale.md").read_text()


@with_helm
def test_helm_finds_nothing_wrong():
    for settings in ((), ONE, ("ingress.enabled=true", "ingress.host=status.example.org")):
        done = helm("lint", "--strict", str(CHART), *[part for one in settings for part in ("--set", one)])
        assert "0 chart(s) failed" in done.stdout, done.stdout


@with_helm
def test_three_nodes_share_a_config_and_stay_apart():
    made = rendered("environment={tokens}")
    spec = made["StatefulSet", "desk-tocsin"]["spec"]
    pod = spec["template"]["spec"]
    [node] = pod["containers"]
    assert spec["replicas"] == 3
    assert spec["serviceName"] == "desk-tocsin-nodes"
    assert ("Service", "desk-tocsin-nodes") in made
    assert made["PodDisruptionBudget", "desk-tocsin"]["spec"]["minAvailable"] == 1
    assert node["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert node["envFrom"] == [{"secretRef": {"name": "tokens"}}]
    assert node["resources"]["limits"]["memory"]
    assert {one["topologyKey"] for one in pod["topologySpreadConstraints"]} >= {"kubernetes.io/hostname"}
    assert pod["securityContext"]["runAsUser"] == 10001
    config = YAML(typ="safe").load(made["Secret", "desk-tocsin-config"]["stringData"]["config.yaml"])
    assert config == VALUES["config"]


@with_helm
def test_one_node_keeps_its_file():
    made = rendered(*ONE)
    assert ("PodDisruptionBudget", "desk-tocsin") not in made
    [claim] = made["StatefulSet", "desk-tocsin"]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"


@with_helm
@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("config.database=sqlite:////data/tocsin.db", "several nodes need PostgreSQL"),
        ("config.web.listen=127.0.0.1:8080", "set config.web.listen"),
        ("nodes=0", "nodes: Must be greater than or equal to 1"),
        ("nonsense=1", "nonsense is not allowed"),
        ("ingress.enabled=true", "ingress.host is needed"),
    ],
)
def test_what_cannot_work_is_refused_in_plain_words(setting, why):
    done = helm("template", "desk", str(CHART), "--kube-version", "1.30.0", "--set", setting)
    assert done.returncode
    assert why in done.stderr
