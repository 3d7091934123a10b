"""Fields that checks of a host share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

Host = Annotated[str, StringConstraints(pattern=r"^[^\s/@]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
