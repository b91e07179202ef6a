"""Storage of webhooks."""
