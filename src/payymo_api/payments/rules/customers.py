"""Customers at Stripe: what they say."""

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of


def read(raw: Raw) -> Values:
    """Return the columns. A balance is in the customer's currency, which the first money sets."""
    currency = (raw.get("currency") or "").upper() or None
    settings = raw.get("invoice_settings") or {}
    return {
        "name": raw.get("name"),
        "email": raw["email"],
        "phone": raw.get("phone"),
        "description": raw["description"],
        "currency": currency,
        "balance_minor": from_stripe(raw.get("balance") or 0, currency) if currency else 0,
        "delinquent": bool(raw.get("delinquent")),
        "default_payment_method": id_of(settings.get("default_payment_method")),
        "metadata_": dict(raw.get("metadata") or {}),
    }
