"""Somebody else's word about a service: one file a dialect, `AnySource` the union of them."""
