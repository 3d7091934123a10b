"""Print every sentence that people can read, in every language, to be read through in one sitting.

Name languages to see only those: `python tools/sentences.py en fr`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from bot.wording.catalog import Catalog, Plural, Section, catalogs


def sentences(said: Catalog) -> Iterator[tuple[str, str]]:
    """Each key with its text: "titles.down", "lists.more[one]"."""
    for name, section in vars(said).items():
        if isinstance(section, Section):
            for key in section:
                yield from _forms(f"{name}.{key}", section[key])


def _forms(key: str, text: str) -> Iterator[tuple[str, str]]:
    if isinstance(text, Plural):
        yield from ((f"{key}[{category}]", form) for category, form in text.forms.items())
    else:
        yield key, text


def main(wanted: list[str]) -> int:
    known = catalogs()
    if unknown := [language for language in wanted if language not in known]:
        print(f"there is no language {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    texts = {language: dict(sentences(said)) for language, said in known.items() if not wanted or language in wanted}
    for key in dict.fromkeys(key for said in texts.values() for key in said):
        print(key)
        for language, said in texts.items():
            if key in said:
                print(f"    {language}  {said[key]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
