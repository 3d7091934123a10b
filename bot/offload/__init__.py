"""Parses bytes from outside in a process that can be killed."""
