"""What people ask and order, on any channel."""
