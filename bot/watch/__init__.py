"""What we see: rounds of checks, and the word of others."""
