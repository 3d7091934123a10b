"""What many tests share."""

from __future__ import annotations
