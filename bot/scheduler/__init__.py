"""Periodic jobs, digests in their time, and the clock held against the steady one."""
