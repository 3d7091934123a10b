"""`tocsin digest`: a digest as it would be now, into a folder or to one address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from bot.cli.console import HERE, File, fail, out
from bot.start import work

if TYPE_CHECKING:
    from bot.config import Config

Preview = Annotated[Path | None, Parameter(name="--preview")]
SendTo = Annotated[str | None, Parameter(name="--send-to")]


def digest(name: str, *, preview: Preview = None, send_to: SendTo = None, config: File = HERE) -> int:
    """Make a digest as it would be now. Nobody on its list gets it, and its next time stays as it is.

    Parameters
    ----------
    name
        The digest's name in the config.
    preview
        A folder for the mail as HTML and as text, its pictures and files, and the text for chats.
    send_to
        An e-mail address that gets it.
    config
        The config file.

    """
    from bot.config import load  # noqa: PLC0415 # `--help` starts quickly without it

    if preview is None and send_to is None:
        fail("nothing to do; expected --preview FOLDER or --send-to ADDRESS, or both", 2)
    return work(_digest(load(config, secrets=send_to is not None), name, preview, send_to))


async def _digest(config: Config, name: str, folder: Path | None, address: str | None) -> int:
    from bot.channels.email import EmailSettings  # noqa: PLC0415 # as above
    from bot.cli import digest_preview  # noqa: PLC0415 # as above

    if name not in config.digests:
        fail(f'there is no digest "{name}"; expected one of {", ".join(config.digests) or "none yet"}', 2)
    if address is not None and "email" not in config.opened_channels():
        fail("the config has no channels.email to send it by", 2)
    if address is not None and (problem := EmailSettings.person_problem(address)):
        fail(f'"{address}" {problem}', 2)
    delivery = await digest_preview.made(config, name, address or digest_preview.NOBODY)
    if folder is not None:
        try:
            for path in digest_preview.write(folder, delivery, config):
                out.line(str(path))
        except OSError as error:
            fail(f"{folder}: cannot be written: {error.strerror}", 1)
    if address is not None:
        if why := await digest_preview.send(config, delivery):
            fail(why, 1)
        out.line(f"sent to {address}")
    return 0
