"""The only writer of state: applies a round or an order in one transaction."""
