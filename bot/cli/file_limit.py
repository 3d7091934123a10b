"""How many files and sockets this process may open: as many as the system lets it have."""

from __future__ import annotations

import resource
from contextlib import suppress

ENOUGH = 65_536  # where the system names no limit, or one that it does not let anybody have


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one; the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (hard, ENOUGH):
        if resource.RLIM_INFINITY in {wanted, soft} or wanted <= soft:
            continue
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            break
    return file_limit()


def file_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
