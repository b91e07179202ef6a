"""Stripe's API, version 2026-10-28.endive, with test cards, webhooks and Connect."""
