"""One file for each kind of status page, and what they share."""
