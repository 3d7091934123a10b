"""Periodic jobs and digests; watches the machine's clock for steps."""
