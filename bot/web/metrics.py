"""What programs of operators ask: our own metrics, for Prometheus, and the body of /healthz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from bot import __version__, wording
from bot.model import Overview
from bot.model.cluster import ClusterView
from bot.own_health import OwnTrouble, Part
from bot.web.rendering import well_formed
from bot.web.status_page import iso, shown

HEALTHS = ("up", "unknown", "possible", "degraded", "down", "maintenance")
STALE = timedelta(minutes=2)  # without a round for this long, nothing is being watched


@dataclass(frozen=True, slots=True)
class Metrics:
    """State and counters of the running parts."""

    at: datetime
    started_at: datetime
    looked_at: datetime | None  # end of the last round
    backlog: Mapping[str, int]  # waiting deliveries by channel
    told: Mapping[tuple[str, str], int]  # (channel, receipt) -> number of sends
    rounds: Mapping[str, int]  # counters of rounds and checks
    channels: Mapping[str, datetime | None] = field(default_factory=dict)  # start of each outage; None: up
    unsure: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (channel, outcome) -> number of unsure sends
    # (service, "down" or "works") -> number of user reports.
    reports: Mapping[tuple[str, str], int] = field(default_factory=dict)
    audit: Mapping[str, int] = field(default_factory=dict)  # number of inconsistencies, by kind
    troubles: tuple[OwnTrouble, ...] = ()  # faults of our own parts
    unwell: Mapping[str, datetime] = field(default_factory=dict)  # parts that make us unhealthy
    restarts: Mapping[str, int] = field(default_factory=dict)  # of our own parts, since the start
    witnesses: Mapping[str, float | None] = field(default_factory=dict)  # seconds since the last word of each
    cluster: ClusterView = field(default_factory=ClusterView)
    # (witness, "taken", "late", "refused" or "surplus") -> number of readings.
    witness_readings: Mapping[tuple[str, str], int] = field(default_factory=dict)


def metrics(vitals: Metrics, overview: Overview) -> bytes:
    """Render the metrics with a registry of their own, free of old values and other libraries' metrics."""
    registry = CollectorRegistry()
    Gauge("tocsin_build_info", "Version.", ["version"], registry=registry).labels(__version__).set(1)
    blind = Gauge("tocsin_blind", "1 while our own canaries fail too.", registry=registry)
    blind.set(overview.offline_since is not None)
    alive = Gauge("tocsin_channel_up", "0 for a channel known to be dead.", ["channel"], registry=registry)
    for channel, since in vitals.channels.items():
        alive.labels(well_formed(channel)).set(since is None)
    waiting = Gauge("tocsin_deliveries_waiting", "Deliveries not yet finished.", ["channel"], registry=registry)
    for channel, number in vitals.backlog.items():
        waiting.labels(well_formed(channel)).set(number)
    _count(registry, "handovers", "Hand-overs to a channel, by its receipt.", ["channel", "receipt"], vitals.told)
    how = "Hand-overs that may have arrived, by what became of them."
    _count(registry, "unsure_resolved", how, ["channel", "how"], vitals.unsure)
    _count(registry, "reports", "What people said of services.", ["service", "says"], vitals.reports)
    rounds = Counter("tocsin_rounds", "Rounds and checks, by what became of them.", ["what"], registry=registry)
    for what, number in vitals.rounds.items():
        rounds.labels(well_formed(what)).inc(number)
    amiss = Gauge("tocsin_audit", "What the auditor finds amiss: 0 is right.", ["finding"], registry=registry)
    for finding, number in vitals.audit.items():
        amiss.labels(well_formed(finding)).set(number)
    _own(registry, vitals)
    _witnesses(registry, vitals)
    _cluster(registry, vitals.cluster)
    return generate_latest(registry) + _states(overview).encode()


def _states(overview: Overview) -> str:
    """The health of each service. Made as text: six objects for each of thousands of services would take seconds."""
    lines = ["# HELP tocsin_service 1 for the health that a service has now.", "# TYPE tocsin_service gauge"]
    forms = {
        now: "\n".join(f'tocsin_service{{health="{word}",service="%s"}} {float(word == now)}' for word in HEALTHS)
        for now in HEALTHS
    }
    for service, known in overview.services:
        name = well_formed(service.id).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        lines.append(forms[shown(service, known, overview)].replace("%s", name))
    return "\n".join((*lines, ""))


def _own(registry: CollectorRegistry, vitals: Metrics) -> None:
    wrong = {trouble.part for trouble in vitals.troubles}
    part = Gauge("tocsin_own_trouble", "1 for a part of Tocsin's own that is unwell.", ["part"], registry=registry)
    for one in Part:
        part.labels(one.value).set(one in wrong)
    again = Counter("tocsin_restarts", "Restarts of Tocsin's own parts.", ["name"], registry=registry)
    for name, number in vitals.restarts.items():
        again.labels(name).inc(number)


def _cluster(registry: CollectorRegistry, cluster: ClusterView) -> None:
    if not cluster.nodes:
        return
    up = Gauge("tocsin_node_up", "1 for a node that lives, 0 for one that is gone.", ["node"], registry=registry)
    own = Gauge("tocsin_node_shards", "Shards that a node owns.", ["node"], registry=registry)
    for node in cluster.nodes:
        up.labels(node.name).set(node.alive)
        own.labels(node.name).set(node.shards)
    Gauge("tocsin_shards_free", "Shards that no node owns.", registry=registry).set(cluster.free)
    age = Gauge("tocsin_lease_age_seconds", "Seconds since this node's leases were renewed.", registry=registry)
    age.set(round(cluster.lease_age, 1))
    Counter("tocsin_fenced", "Writes and sends that this node was refused.", registry=registry).inc(cluster.fenced)
    what = "Deliveries that a dead node had begun, taken over by this one."
    Counter("tocsin_requeued", what, registry=registry).inc(cluster.requeued)


def _witnesses(registry: CollectorRegistry, vitals: Metrics) -> None:
    if not vitals.witnesses:
        return
    what = "Seconds since the last word of a witness; infinite before the first."
    age = Gauge("tocsin_witness_age_seconds", what, ["witness"], registry=registry)
    for witness, seconds in vitals.witnesses.items():
        age.labels(well_formed(witness)).set(float("inf") if seconds is None else round(seconds, 1))
    readings = "Readings of witnesses, by what became of them."
    _count(registry, "witness_readings", readings, ["witness", "what"], vitals.witness_readings)


def _count(
    registry: CollectorRegistry, name: str, what: str, labels: list[str], numbers: Mapping[tuple[str, str], int]
) -> None:
    counter = Counter(f"tocsin_{name}", what, labels, registry=registry)
    for values, number in numbers.items():
        counter.labels(*map(well_formed, values)).inc(number)


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
