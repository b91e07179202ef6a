"""GoCardless Bank Account Data, version 2 of its API."""
