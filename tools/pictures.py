"""Take pictures of the page in all its states: `python tools/pictures.py FOLDER [state ...]`. Needs Chromium.
`--readme` takes the one in the README.

The widths are a small and a usual phone, a tablet and a desk; light and dark; English and Spanish. No daemon is started.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot.model import Style
from tests.web.browser import CHROMIUM, picture, served
from tests.web.frames import framed
from tests.web.states import BELOW, STATES, shown

WIDTHS = (320, 360, 700, 1280)
LANGUAGES = ("en", "es")


async def taken(folder: Path, wanted: set[str]) -> None:
    pages = {name: (name, "/") for name in STATES} | BELOW
    for name, (state, path) in pages.items():
        for language in LANGUAGES if not wanted or name in wanted else ():
            sites = {"site": shown(state, Style(language, "Europe/Madrid"))}
            async with served(framed(sites, [(f"/site{path}", width) for width in WIDTHS])) as address:
                for dark in (False, True):
                    file = folder / f"{name}-{language}-{'dark' if dark else 'light'}.png"
                    await picture(address, file, sum(WIDTHS) + 20 * (len(WIDTHS) + 1), 1500, dark=dark)
                    print(file)


async def readme(file: Path) -> None:
    async with served(shown("readme", Style("en", "Europe/Madrid"))) as address:
        await picture(address, file, 900, 1580)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("Chromium is not installed: `apt-get install chromium`")
    if sys.argv[1:] == ["--readme"]:
        asyncio.run(readme(Path(__file__).parent.parent / "docs/screenshots/status.png"))
        sys.exit()
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")
    place.mkdir(parents=True, exist_ok=True)
    asyncio.run(taken(place, set(sys.argv[2:])))
