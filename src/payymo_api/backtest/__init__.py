"""A tenant's own past, replayed: what would have been posted, proposed and left alone."""
