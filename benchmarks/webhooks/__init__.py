"""Outgoing webhooks, from committed outbox rows to a sink on this machine: speed, promptness,
fairness, and what a million waiting events change.
"""
