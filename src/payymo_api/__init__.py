"""Payymo joins banks, Stripe and billing systems."""
