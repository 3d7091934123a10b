"""Periodic jobs and digests; follows what other nodes write; watches the machine's clock for steps."""
