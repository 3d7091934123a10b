"""Sources, one file per kind. `AnySource`: a service's own status page; `AnyTracker`: independent ones."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.watch.sources.status_page import OfficialPage
from bot.watch.sources.trackers.downdetector import DowndetectorTracker
from bot.watch.sources.trackers.isitdownrightnow import IsItDownRightNowTracker

AnySource = OfficialPage
AnyTracker = Annotated[DowndetectorTracker | IsItDownRightNowTracker, Field(discriminator="kind")]

__all__ = ["AnySource", "AnyTracker", "OfficialPage"]
