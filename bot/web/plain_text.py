"""Text that no encoder, parser or browser stumbles over, whatever a person, a page or a file put into it."""

from __future__ import annotations

import re
from typing import Any, Final

# Control characters but for tab and line feed, and halves of a pair, which no encoding knows.
BROKEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def well_formed(text: str) -> str:
    """Each character that cannot be shown as U+FFFD."""
    return BROKEN.sub("\ufffd", text)


def well_formed_tree(value: Any) -> Any:
    """The same for all strings of what becomes JSON."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {well_formed(str(key)): well_formed_tree(part) for key, part in value.items()}
        case list() | tuple():
            return [well_formed_tree(part) for part in value]
        case _:
            return value
