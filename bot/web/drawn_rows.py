"""The markup of the status page's rows, kept from one page to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from markupsafe import Markup

from bot.model import Style
from bot.web.rendering import TEMPLATES
from bot.web.status_page import Row
from bot.wording.catalog import catalog


class DrawnRows:
    """The markup of the status page's rows, of which most are as they were when the page was drawn last."""

    def __init__(self, style: Style) -> None:
        self._say = catalog(style.language)
        self._before: dict[str, tuple[Row, str]] = {}
        self._now: dict[str, tuple[Row, str]] = {}

    def begin(self) -> None:
        """Begin another page: rows that the last one did not have are forgotten."""
        self._before, self._now = self._now, {}

    def __call__(self, rows: Iterable[Row]) -> Markup:
        """The markup of these rows, one after the other."""
        return Markup("\n".join(self._drawn(rows)))  # noqa: S704 -- drawn by a template

    def _drawn(self, rows: Iterable[Row]) -> Iterator[str]:
        parts: Any = TEMPLATES.get_template("parts.html").module
        mark = cache(parts.mark)
        for row in rows:
            known = self._before.get(row.path)
            if known is None or (known[0] is not row and known[0] != row):
                known = row, parts.row(row, mark(row.health), parts.strip(row.strip, row.label), self._say)
            self._now[row.path] = known
            yield known[1]
