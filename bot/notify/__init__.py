"""Who is notified, and when (pure)."""
