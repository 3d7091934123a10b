"""Bars of uptime as pictures: drawn as SVG, and made PNG, which every mail program shows. Without letters, so that no
font is needed and each language has the same ones.
"""

from __future__ import annotations

from functools import lru_cache

WIDTH, HEIGHT = 640, 16  # as shown; twice as many pixels
GAP = 0.2  # of a slot, between two
# Colours that can be told apart on white and on black, by those who see no red or green too: bad ones are darker, and
# what is only partly bad has another height.
COLOURS = {
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
            shapes.append(_shape(x, width, 1.0, COLOURS["u"]))
        shapes.append(_shape(x, width, LOW.get(cell, 1.0), COLOURS[cell]))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(shapes)}</svg>'


def _shape(x: float, width: float, share: float, colour: str) -> str:
    high = HEIGHT * share
    return f'<rect x="{x:.2f}" y="{HEIGHT - high:.2f}" width="{width:.2f}" height="{high:.2f}" rx="1" fill="{colour}"/>'
