"""Tocsin watches services and reports their outages on whichever channel still works."""

__version__ = "0.1.0"
