"""Body of /healthz."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot import __version__, wording
from bot.own_health import OwnTrouble
from bot.web.metrics import Metrics
from bot.web.status_page import iso

STALE = timedelta(minutes=2)  # without a round for this long, nothing is being watched


def health(vitals: Metrics) -> dict[str, Any]:
    """Body of /healthz. Unhealthy if rounds have stopped, or a part fails that we need for watching and notifying. The
    backlog and dead channels are listed, but do not count. Anybody may read it, so only the kind of each fault is
    given.
    """
    stale = vitals.looked_at is None or vitals.at - vitals.looked_at > STALE
    young = vitals.at - vitals.started_at < STALE
    channels = {kind: f"down since {iso(since)}" if since else "up" for kind, since in vitals.channels.items()}
    stopped = [] if young or not stale else [{"part": "rounds", "why": "none has ended for two minutes"}]
    wrong = {(trouble.part, trouble.why): trouble for trouble in reversed(vitals.troubles)}
    parts = [*stopped, *map(_in_english, reversed(wrong.values()))]
    return {
        "well": not stopped and not vitals.unwell,
        "version": __version__,
        "waiting": dict(vitals.backlog),
        "channels": channels,
        "troubles": list(map(_line, parts)),
        "parts": parts,
        "restarts": dict(vitals.restarts),
    } | ({"node": vitals.cluster.ours} if vitals.cluster.nodes else {})


def cluster_health(vitals: Metrics) -> dict[str, Any]:
    """Body of /healthz?cluster: this node and all others. Unhealthy if this one is, or if some shards have no owner."""
    own, cluster = health(vitals), vitals.cluster
    nodes = [
        {
            "name": node.name,
            "alive": node.alive,
            "blind": node.blind,
            "version": node.version,
            "same_config": node.name not in cluster.differing,
            "age": round(node.age, 1),
            "shards": node.shards,
            "roles": list(node.roles),
        }
        for node in cluster.nodes
    ]
    free = cluster.free if nodes else 0
    lease = {"lease_age": round(cluster.lease_age, 1), "fenced": cluster.fenced}
    return own | {"well": own["well"] and not free, "nodes": nodes, "free": free} | lease


def _in_english(trouble: OwnTrouble) -> dict[str, str]:
    since = trouble.since.isoformat(timespec="seconds")
    return {"part": trouble.part.value, "why": wording.english_brief(trouble.why), "since": since}


def _line(part: Mapping[str, str]) -> str:
    return f"{part['part']}: {part['why']}" + (f" (since {part['since']})" if "since" in part else "")
