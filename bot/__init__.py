"""Tocsin: the bell that is rung when the usual ways of calling people have failed."""

__version__ = "0.1.0"
