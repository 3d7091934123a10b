"""From the queue to the channel: retries, rate limits, failover."""
