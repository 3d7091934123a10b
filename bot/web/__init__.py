"""The status page, metrics, webhooks, and the addresses that jobs call."""
