"""Entry point of `tocsin` and of `python -m bot`."""

from __future__ import annotations

import sys


def main() -> None:
    code = _quickly(sys.argv[1:2], sys.argv[2:])
    if code is not None:
        raise SystemExit(code)
    from bot.cli import main as command_line  # noqa: PLC0415 # a second of imports that the above saves

    command_line()


def _quickly(command: list[str], arguments: list[str]) -> int | None:
    """The exit code of a command that needs no command line to be read, or None."""
    if command in (["--help"], ["-h"]) and not arguments:
        from bot import quick_help  # noqa: PLC0415 # the other commands do without

        return quick_help.quick()
    if command == ["run"]:
        from bot import quick_run  # noqa: PLC0415 # as above

        return quick_run.quick(arguments)
    if command == ["healthcheck"]:
        from bot import healthcheck  # noqa: PLC0415 # as above

        return healthcheck.quick(arguments)
    if command == ["status"]:
        from bot import quick_status  # noqa: PLC0415 # as above

        return quick_status.quick(arguments)
    return None


if __name__ == "__main__":
    main()
