"""Templates, and the way from any page back to the first one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import __version__
from bot.model import Style
from bot.web.plain_text import well_formed
from bot.web.status_page import Row
from bot.wording.catalog import catalog

HERE: Final = Path(__file__).parent
DEEPEST: Final = 8  # levels of an address; our own pages have three
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def root_of(path: str) -> str:
    """The relative way from a page to the first one, which may lie below a path of a proxy: "../" of "/service/x"."""
    depth = path.count("/") - 1
    return "../" * depth if depth <= DEEPEST else "/"


def path_of(request: Request) -> str:
    """The path as it was sent, where an encoded slash separates nothing."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


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


def draw(template: str, *, title: str, style: Style, root: str, **facts: Any) -> str:
    """A whole page. `title`: the name of the site; `root`: see `root_of`."""
    drawn = TEMPLATES.get_template(template).render(
        site=title,
        language=style.language,
        say=catalog(style.language),
        root=root,
        home=root or "./",
        version=__version__,
        **facts,
    )
    return well_formed(drawn)
