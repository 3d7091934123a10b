"""Deliveries on their way: from the queue to the channel."""
