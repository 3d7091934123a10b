"""Independent trackers, one file each."""
