"""The only writer of state: a round or an order becomes one transaction."""
