"""The look of mails: the organisation's name, logo, colour and footer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, FilePath, field_validator

from bot.config.types import ShortText, Strict
from bot.model import PLAIN_LOOK, MailLook

LARGEST = 100_000  # bytes of a logo: it is in every mail
# How each kind of picture begins.
KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}
COLOR = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)


class MailConfig(BaseModel):
    model_config = Strict
    organisation: ShortText = ""
    logo: FilePath | None = None
    color: str = PLAIN_LOOK.color
    footer: Annotated[str, Field(max_length=500)] = ""

    @field_validator("color")
    @classmethod
    def _is_a_color(cls, color: str) -> str:
        found = COLOR.fullmatch(color.strip())
        if not found:
            raise ValueError('expected a colour such as "#1f4e79"')
        digits = found[1].lower()
        return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))

    @field_validator("logo")
    @classmethod
    def _is_a_picture(cls, path: Path | None) -> Path | None:
        if path is not None and not kind(picture(path)):
            raise ValueError(f"expected a PNG, JPEG or GIF picture of at most {LARGEST // 1000} kB")
        return path

    @property
    def look(self) -> MailLook:
        """With the logo as the file has it now; without one if it cannot be read any more."""
        try:
            logo = picture(self.logo) if self.logo else b""
        except ValueError:
            logo = b""
        return MailLook(self.organisation, self.color, self.footer, logo if kind(logo) else b"", kind(logo))


def picture(path: Path) -> bytes:
    """The file's content; more than LARGEST bytes of it are not read. Raise ValueError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None


def kind(content: bytes) -> str:
    """The kind of a picture of fitting size; else empty."""
    return next((name for start, name in KINDS.items() if content.startswith(start) and len(content) <= LARGEST), "")


def placed(tree: Any, folder: Path) -> Any:
    """The config's tree with a relative path of the logo taken from the config's own folder."""
    mail = tree.get("mail") if isinstance(tree, dict) else None
    if not isinstance(mail, dict) or not isinstance(mail.get("logo"), str):
        return tree
    return tree | {"mail": mail | {"logo": str(folder / mail["logo"])}}
