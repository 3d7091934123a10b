"""How a route is tried: one file a kind, `AnyCheck` the union of them."""
