"""The limit of open files and sockets of this process, raised as far as the system allows."""

from __future__ import annotations

import resource
from contextlib import suppress

ENOUGH = 65_536  # if the system names no limit, or one that cannot be reached


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one; return the limit now in force."""
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
