"""Pages, feeds, digests: read what is stored."""
