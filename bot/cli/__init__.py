"""The command line, thin.

Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 something is down (`status --exit-code`).
"""

from __future__ import annotations

from collections.abc import Callable

from cyclopts import App, CycloptsError

from bot import __version__
from bot.cli import digest, status, verify, witness
from bot.cli.console import err, fail

COMMANDS: dict[str, Callable[..., int]] = {
    "demo": status.demo,
    "run": status.run,
    "check": verify.check,
    "test": verify.prove,
    "drill": verify.drill,
    "delivery": status.delivery,
    "digest": digest.digest,
    "status": status.status,
    "schema": verify.schema,
    "example": verify.example,
    "services": verify.services,
    "healthcheck": status.healthcheck,
    "witness": witness.witness,
}

app = App(
    name="tocsin",
    version=__version__,
    help="Watches the services you depend on and tells your people, on whichever channel still works.",
    help_format="plaintext",  # the docstrings need no Markdown, whose reader takes longer to load than all the rest
)
for name, command in COMMANDS.items():
    app.command(command, name=name)


def main() -> None:
    """Run a command; every user error ends in one line and the right exit code."""
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        fail(" ".join(str(error).split()), 2)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        explain(error)
        raise
    raise SystemExit(code or 0)


def explain(error: Exception) -> None:
    """Say what is wrong, and exit, if it is the user's to mend."""
    from bot.config import ConfigError  # noqa: PLC0415 # `--help` starts quickly without it
    from bot.contracts import Unable  # noqa: PLC0415 # as above
    from bot.wording.catalog import CatalogError  # noqa: PLC0415 # as above

    if isinstance(error, ConfigError):
        err.line(str(error))
        raise SystemExit(2) from None
    if isinstance(error, (Unable, CatalogError)):
        fail(str(error), 1)
