"""The only writer of state: a round or an order, one transaction."""
