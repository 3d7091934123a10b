"""The ways to people: one file a kind, `AnyChannel` the union of them."""
