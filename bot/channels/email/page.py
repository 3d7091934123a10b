"""Mails as web pages: one MJML template, compiled once, for all kinds; and bars of uptime as pictures.

Bars are drawn as SVG and made PNG, which every mail program shows; without letters, so that no font is needed and each
language has the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from bot.model import MailLook, Notice, Section, Tone
from bot.wording import mail as words

TEMPLATE = Path(__file__).parent.parent / "templates" / "mail.mjml"
LOGO = "logo"
# Each dark enough for white letters (WCAG: 4.5 to 1).
COLOURS = {
    Tone.DOWN: "#c62828",
    Tone.DEGRADED: "#b34700",
    Tone.POSSIBLE: "#8a6100",
    Tone.INFO: "#1565c0",
    Tone.UP: "#2e7d32",
    Tone.CORRECTION: "#616161",
    Tone.UNSEEN: "#424242",
    Tone.TEST: "#6a1b9a",
}
FOOTER = "=footer="  # where it goes
_FOOTER = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    "{% for line in footer %}<p>{{ '' if line.label else line.text }}"
    '{% if line.url %} <a href="{{ line.url }}">{{ line.label or line.shown }}</a>{% endif %}</p>{% endfor %}'
)
_ADDRESS = re.compile(r"(.*\s)(https?://\S+)", re.DOTALL)
WIDTH, HEIGHT = 640, 16  # as shown; twice as many pixels
GAP = 0.2  # of a slot, between two
# Colours that can be told apart on white and on black, by those who see no red or green too: bad ones are darker, and
# what is only partly bad has another height.
BAR_COLOURS = {
    "u": "#3fa34d",
    "D": "#b3261e",
    "d": "#b3261e",
    "G": "#e08a00",
    "g": "#e08a00",
    "m": "#4a7fd0",
    "n": "#8a939c",
    "b": "#8a939c",
}
LOW = {"d": 0.5, "g": 0.5, "n": 0.35, "b": 0.12}  # share of the height


@dataclass(frozen=True, slots=True)
class Foot:
    """A line below a mail, with a link at its end if `url` is not empty. `label`: what the page shows in its place."""

    text: str
    url: str = ""
    shown: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph of a notice, the plan or a quotation. `url` stands at the end of the text."""

    kind: str
    text: str
    url: str = ""


def page(notice: Notice, look: MailLook, stamp: str, foot: Sequence[Foot]) -> str:
    """The whole HTML."""
    above, below = pieces(notice, look, stamp)
    return above + footer(foot) + below


def pieces(notice: Notice, look: MailLook, stamp: str) -> tuple[str, str]:
    """The HTML above and below its footer, the same for all readers. Everything is escaped by the template."""
    html = template().render(
        lang=notice.style.language,
        title=title(notice),
        preview=next(iter(notice.words.lines), ""),
        label=words.label(notice),
        colour=COLOURS[notice.tone],
        stamp=stamp,
        accent=look.color,
        accent_ink=ink(look.color),
        organisation=look.organisation,
        logo=LOGO if look.logo else "",
        sections=notice.document.sections if notice.document else (Section("", table=None),),
        parts=() if notice.document else parts(notice),
        cells=pictures(notice),
        width=WIDTH,
        links=notice.links,
        footer=FOOTER,
    )
    above, _, below = html.rpartition(FOOTER)  # nothing from outside stands below it
    return f"{above}\n", f"\n{below}"


def footer(foot: Sequence[Foot]) -> str:
    return _FOOTER.render(footer=foot)


@cache
def template() -> Template:
    """The template as HTML that only needs to be filled: compiling MJML takes longer than filling it."""
    # Without fonts: it would fetch some from elsewhere, which tells others who reads the mail.
    from mjml import mjml2html  # noqa: PLC0415 # only where a page is made: half a megabyte

    html = mjml2html(TEMPLATE.read_text("utf-8"), fonts={})
    html = re.sub(r">\s+<", "><", re.sub(r"\n\s+", "\n", html))
    # A landmark, by which a screen reader gets to the text; MJML makes none.
    html = html.replace('<div aria-label="', '<div role="main"><div aria-label="', 1).replace(
        "</body>", "</div></body>"
    )
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(html)


def title(notice: Notice) -> str:
    """The heading. A digest has its sign in the subject alone."""
    return notice.words.title.removeprefix("📰 ") if notice.document else notice.words.title


def pictures(notice: Notice) -> dict[str, str]:
    """The name of the picture of each bar, by its cells: services with the same bar share one."""
    found = dict.fromkeys(b.cells for s in (notice.document.sections if notice.document else ()) for b in s.bars)
    return {cells: f"bar{number}" for number, cells in enumerate(found, 1)}


def parts(notice: Notice) -> list[Part]:
    found = []
    for line in notice.words.lines:
        if line in notice.quotes:
            linked = _ADDRESS.fullmatch(line)
            found.append(Part("quote", linked[1], linked[2]) if linked else Part("quote", line))
        else:
            found.append(Part("plan" if line == notice.plan else "line", line))
    return found


def ink(color: str) -> str:
    """Black or white letters, whichever is easier to read on this colour."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000000"


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


@lru_cache(maxsize=2_000)
def picture(cells: str) -> bytes:
    """A PNG."""
    import resvg_py  # noqa: PLC0415 # only where a picture is drawn: a megabyte

    return bytes(resvg_py.svg_to_bytes(svg_string=svg(cells), zoom=2, skip_system_fonts=True))


def svg(cells: str) -> str:
    slot = WIDTH / max(len(cells), 1)
    shapes = []
    for number, cell in enumerate(cells):
        x, width = number * slot, slot * (1 - GAP) if slot > 3 else slot
        if cell in "dg":
            shapes.append(_shape(x, width, 1.0, BAR_COLOURS["u"]))
        shapes.append(_shape(x, width, LOW.get(cell, 1.0), BAR_COLOURS[cell]))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(shapes)}</svg>'


def _shape(x: float, width: float, share: float, colour: str) -> str:
    high = HEIGHT * share
    return f'<rect x="{x:.2f}" y="{HEIGHT - high:.2f}" width="{width:.2f}" height="{high:.2f}" rx="1" fill="{colour}"/>'
