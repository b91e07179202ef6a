"""The providers' wire protocols over real HTTP, with state in memory: development and tests.

It knows what the providers send and expect, and nothing of ours: the production adapters talk to
it unchanged, by another base URL.
"""
