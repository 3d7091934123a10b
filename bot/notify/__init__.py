"""Who hears what, when, in one message or many: pure."""
