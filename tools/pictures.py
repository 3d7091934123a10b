"""Take pictures of the page in all its states: `python tools/pictures.py FOLDER [state ...]`. Needs Chromium.
`--readme` takes the one in the README; `--mails FOLDER [mail ...]` those of mails, also as they look without pictures.

The widths are a small and a usual phone, a tablet and a desk; light and dark; English and Spanish. No daemon is started.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bot.model import Style
from tests.channels.mails import MAILS, html, written
from tests.web.axe import page
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


MAIL_WIDTHS = (360, 700)
HEIGHTS = {"digest-quiet": 900, "digest-busy": 6400, "digest-weekly": 13000}  # of the others 760


async def of_mails(folder: Path, wanted: set[str]) -> None:
    for name in MAILS:
        for language in LANGUAGES if not wanted or name in wanted else ():
            letter = written(name, Style(language, "Europe/Madrid"))
            for kind, dark, whole in (("light", False, True), ("dark", True, True), ("bare", False, False)):
                high = HEIGHTS.get(name, 760)
                frames = [("/mail/", width) for width in MAIL_WIDTHS]
                site = framed({"mail": page(html(letter, pictures=whole))}, frames, high)
                file = folder / f"{name}-{language}-{kind}.png"
                async with served(site) as address:
                    await picture(address, file, sum(MAIL_WIDTHS) + 60, high + 40, dark=dark)
                print(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("pictures"), help="where to put them")
    parser.add_argument("name", nargs="*", help="states of the page, or mails; else all")
    parser.add_argument("--readme", action="store_true", help="only the one in the README")
    parser.add_argument("--mails", action="store_true", help="mails instead of pages")
    said = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("Chromium is not installed: `apt-get install chromium`")
    if said.readme:
        asyncio.run(readme(Path(__file__).parent.parent / "docs/screenshots/status.png"))
        return
    said.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run((of_mails if said.mails else taken)(said.folder, set(said.name)))


if __name__ == "__main__":
    main()
