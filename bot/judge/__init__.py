"""From readings to verdicts and incidents (pure)."""
