"""Compares two configs: whether a running daemon can take up the other one as it is, and what it need not touch."""

from __future__ import annotations

from bot.config import Config, ServiceConfig

# What the running parts are told anew. All else is given to them when they are opened: accounts, addresses, the
# database; such a change opens everything anew.
LIVE = frozenset(
    {
        "audiences",
        "canaries",
        "defaults",
        "digests",
        "heartbeat",
        "maintenance",
        "maintenance_before",
        "rooms",
        "services",
        "trackers",
        "web",
    }
)
OF_SERVER = ("listen", "trust_proxy")  # of `web`: given to the server


def is_live(old: Config, new: Config) -> bool:
    """Whether the parts that run can take up the new config."""
    others = Config.model_fields.keys() - LIVE
    if any(getattr(old, name) != getattr(new, name) for name in others) or new.witnesses:
        return False  # each witness is given its part when the door to them opens
    if any(getattr(old.web, name) != getattr(new.web, name) for name in OF_SERVER):
        return False
    return _has_ladders(old) or not _has_ladders(new)


def same(old: ServiceConfig | None, new: ServiceConfig) -> ServiceConfig:
    """The old settings of a service if the new ones are equal, so that nobody has to compare them again."""
    return old if old is not None and old == new else new


def described(old: Config, new: Config) -> str:
    """What a change does to the services, for the log."""
    before, after = old.services, new.services
    added, removed = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    changed = sum(said is not before[key] for key, said in after.items() if key in before)
    return f"{added} services added, {changed} changed, {removed} removed"


def _has_ladders(config: Config) -> bool:
    """Whether failover runs: it is not started where no audience has a ladder."""
    return any(audience.ladder for audience in config.audiences.values())
