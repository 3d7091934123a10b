"""The line about the nodes of a cluster, on the page and in the answer to "status"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import wording
from bot.model import Overview, ServiceState, Style
from bot.model.cluster import ClusterView, NodeView
from bot.web import status_page
from tests.wording.outages import EN, X, at

NOW = at(15)
A = NodeView("madrid-1", alive=True, blind=False, version="1", config_hash="x", age=1.0, shards=128)
B = replace(A, name="madrid-2")
LATE = replace(A, name="paris-1", alive=False, age=600.0, shards=0)


def seen(*nodes: NodeView, differing: tuple[str, ...] = ()) -> Overview:
    cluster = ClusterView("madrid-1", nodes, differing=differing)
    return Overview(NOW, ((X, ServiceState("x", up_since=at(3))),), cluster=cluster)


def line(overview: Overview, style: Style = EN) -> str:
    return wording.nodes(overview.cluster, style, NOW)


def test_one_node_is_nothing_to_speak_of() -> None:
    assert line(seen()) == line(seen(A)) == ""
    assert "madrid" not in wording.status(seen(A), EN).text


def test_status_and_the_page_say_which_nodes_are_up() -> None:
    both = seen(A, B)
    assert line(both) == "Nodes up: madrid-1 and madrid-2."
    assert wording.status(both, EN).lines[-1] == line(both)
    assert line(both) not in wording.status(both, EN, "x").lines
    assert status_page.page(both, EN).nodes == line(both)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Nodes up: madrid-1 and madrid-2; silent: paris-1 (since 14:50); without a connection of its own: madrid-2; "
                "with another config: madrid-2."
            ),
        ),
        (
            "es",
            (
                "Nodos activos: madrid-1 y madrid-2; sin señal de vida: paris-1 (desde las 14:50); sin conexión propia: "
                "madrid-2; con otra configuración: madrid-2."
            ),
        ),
        (
            "fr",
            (
                "Nœuds actifs\u00a0: madrid-1 et madrid-2\u00a0; sans signe de vie\u00a0: paris-1 (depuis 14 h 50)\u00a0; "
                "sans connexion\u00a0: madrid-2\u00a0; avec une autre configuration\u00a0: madrid-2."
            ),
        ),
        (
            "de",
            (
                "Aktive Knoten: madrid-1 und madrid-2; ohne Lebenszeichen: paris-1 (seit 14:50 Uhr); ohne eigene Verbindung: "
                "madrid-2; mit anderer Konfiguration: madrid-2."
            ),
        ),
        (
            "pt",
            (
                "Nós ativos: madrid-1 e madrid-2; sem sinal de vida: paris-1 (desde as 14:50); sem ligação própria: madrid-2; "
                "com outra configuração: madrid-2."
            ),
        ),
    ],
)
def test_what_is_amiss_is_said_in_every_language(language: str, said: str) -> None:
    overview = seen(A, replace(B, blind=True), LATE, differing=("madrid-2",))
    assert line(overview, replace(EN, language=language, clock="24h")) == said
