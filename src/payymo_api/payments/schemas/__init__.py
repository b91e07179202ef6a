"""Requests and answers of payments: a module per resource."""
