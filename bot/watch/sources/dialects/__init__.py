"""One file per kind of status page, and their shared code."""
