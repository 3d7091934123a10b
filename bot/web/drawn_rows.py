"""The markup of the status page's rows, kept from one page to the next."""

from __future__ import annotations

from typing import Any

from bot.model import Style
from bot.web.rendering import TEMPLATES
from bot.web.status_page import Row
from bot.wording.catalog import catalog


class DrawnRows:
    """The markup of the status page's rows, of which most are as they were when the page was drawn last."""

    def __init__(self, style: Style) -> None:
        self._say = catalog(style.language)
        self._before: dict[Row, str] = {}
        self._now: dict[Row, str] = {}

    def begin(self) -> None:
        """Begin another page: rows that the last one did not have are forgotten."""
        self._before, self._now = self._now, {}

    def __call__(self, row: Row) -> str:
        drawn = self._before.get(row)
        if drawn is None:
            parts: Any = TEMPLATES.get_template("parts.html").module
            drawn = parts.row(row, self._say, "")
        self._now[row] = drawn
        return drawn
