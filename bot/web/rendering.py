"""Templates, the way from any page back to the first one, and text that no encoder or browser refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from bot import __version__
from bot.model import Style
from bot.wording.catalog import catalog

HERE: Final = Path(__file__).parent
DEEPEST: Final = 8  # levels of an address; our own pages have three
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
# Control characters other than tab and line feed, unpaired surrogates, and noncharacters.
BROKEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def root_of(path: str) -> str:
    """The relative way from a page to the first one, which may lie below a path of a proxy: "../" of "/service/x"."""
    depth = path.count("/") - 1
    return "../" * depth if depth <= DEEPEST else "/"


def path_of(request: Request) -> str:
    """The path as it was sent, where an encoded slash separates nothing."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


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


def well_formed(text: str) -> str:
    """Replace characters that cannot be shown with U+FFFD."""
    return BROKEN.sub("\ufffd", text)


def well_formed_tree(value: Any) -> Any:
    """Likewise for all strings of a JSON value."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {well_formed(str(key)): well_formed_tree(part) for key, part in value.items()}
        case list() | tuple():
            return [well_formed_tree(part) for part in value]
        case _:
            return value
