"""Who hears it, in which words, by which way."""
