"""Text that is safe for any encoder, parser or browser, whatever its origin."""

from __future__ import annotations

import re
from typing import Any, Final

# Control characters other than tab and line feed, unpaired surrogates, and noncharacters.
BROKEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


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
