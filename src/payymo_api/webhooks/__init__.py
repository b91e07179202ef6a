"""Customers' endpoints: what we send them, how it is signed, and when it is sent again."""
