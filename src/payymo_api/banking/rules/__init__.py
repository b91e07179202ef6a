"""Decisions of banking: which line is which, when an account is read, what an error means."""
