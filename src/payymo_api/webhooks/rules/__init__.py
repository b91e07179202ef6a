"""Decisions of webhooks: pure functions of their arguments."""
