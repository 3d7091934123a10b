"""Independent trackers: one file for each."""
