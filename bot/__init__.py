"""Tocsin watches services and reports their outages on whichever channel still works."""

import sys
from types import ModuleType

__version__ = "0.1.0"

# httpx goes on without its own command line if that cannot be imported: it would bring in rich, click and pygments.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # so says the import system: not to be had

# Parts of libraries that only their own package imports: a command line, clients that block, voice. They take 3 MB.
UNUSED = ("discord.opus", "discord.player", "slack_sdk.web.client", "slack_sdk.webhook.client", "uvicorn.main")


class _Unused(ModuleType):
    """Stands in for such a part: whatever is imported from it is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


for _name in UNUSED:
    sys.modules.setdefault(_name, _Unused(_name))
