"""Witnesses: processes in other places that run checks and report their readings to the server."""
