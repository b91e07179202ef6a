"""What every HTTP request passes through, so that no route can forget it."""
