"""Entry point of `tocsin` and of `python -m bot`."""

from __future__ import annotations

import sys


def main() -> None:
    if sys.argv[1:2] == ["healthcheck"]:
        from bot.healthcheck import quick  # noqa: PLC0415 # the other commands do without

        code = quick(sys.argv[2:])
        if code is not None:
            raise SystemExit(code)
    from bot.cli import main as command_line  # noqa: PLC0415 # a second of imports that the above saves

    command_line()


if __name__ == "__main__":
    main()
