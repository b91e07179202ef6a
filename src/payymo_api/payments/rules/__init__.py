"""Decisions about Stripe's objects and messages, without clock, database or network."""
