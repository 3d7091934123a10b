"""Tells admins and readers when Tocsin itself is in trouble."""
