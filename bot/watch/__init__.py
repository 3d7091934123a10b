"""Rounds of checks, and reports from status pages, trackers and people."""
