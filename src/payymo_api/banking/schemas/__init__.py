"""What banking's routes take and answer."""
