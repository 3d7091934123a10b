"""The commands that prove, before it matters: the config, the channels, every destination."""

from __future__ import annotations

import asyncio

from bot.cli.terminal import HERE, File, err, fail, out, show, work
from bot.config import Config, examine, load


def check(*, config: File = HERE) -> int:
    """Check the config, then every channel's token and reachability."""
    read, exposed = examine(config)
    return work(_check(read, exposed))


async def _check(config: Config, exposed: list[str]) -> int:
    from bot import net, parts  # noqa: PLC0415 # the other commands start quickly without it

    async with net.Network() as network:
        channels = config.opened_channels()
        faults = await asyncio.gather(*(settings.probe(network) for settings in channels.values()))
    sizes = {"service": len(config.services), "audience": len(config.audiences)}
    out.print("config: right (" + ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in sizes.items()) + ")")
    if not config.canaries:
        out.print("canaries: none set: an outage of our own connection would be told as everybody's")
    for job, address in (await parts.addresses(config)).items():
        out.print(f"heartbeat {job}: {address}", markup=False)
    for kind, fault in zip(channels, faults, strict=True):
        (err if fault else out).print(f"{kind}: {fault or 'ready'}", markup=False)
    for line in exposed:
        err.print(line, markup=False)
    return 1 if any(faults) or exposed else 0


def prove(audience: str, *, config: File = HERE) -> int:
    """Send a marked test notice to every destination of an audience, and say what became of each."""
    return work(_drill(load(config), audience))


def drill(audience: str | None = None, *, config: File = HERE) -> int:
    """Prove every rung: a marked test notice to each destination, and when it was last proven.

    Parameters
    ----------
    audience
        Only this one; else all.
    config
        The config file.

    """
    return work(_drill(load(config), audience))


async def _drill(config: Config, name: str | None) -> int:
    from bot.app import now  # noqa: PLC0415 # as above
    from bot.drill import drill as try_all  # noqa: PLC0415 # as above
    from bot.show import proofs  # noqa: PLC0415 # as above

    if name not in {None, *config.audiences}:
        fail(f'there is no audience "{name}"; expected one of {", ".join(config.audiences) or "none yet"}', 2)
    with err.status("") as shown:  # only a terminal shows it
        done = await try_all(
            config, [name] if name else list(config.audiences), lambda n, m: shown.update(f"{n} of {m} tried")
        )
    show(proofs.drilled(done, config.style(), now()))
    for line in proofs.failures(done):
        out.print(line, markup=False)
    if failed := sum(bool(proof.why) for proof in done):
        fail(f"{failed} of {len(done)} destinations did not take it", 1)
    return 0
