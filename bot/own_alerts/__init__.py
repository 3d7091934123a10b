"""What admins and readers are told when Tocsin itself is in trouble."""
