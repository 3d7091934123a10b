"""Tocsin watches services and reports their outages on whichever channel still works."""

import sys

__version__ = "0.1.0"

# httpx goes on without its own command line if that cannot be imported: it would bring in rich, click and pygments.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # so says the import system: not to be had
