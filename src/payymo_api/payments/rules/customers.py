"""Customers at Stripe: what they say."""

from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, Values, id_of


def read(raw: Raw) -> Values:
    """Return the columns. A balance is in the customer's currency, which the first money sets."""
    currency = (raw.get("currency") or "").upper() or None
    return {
        "name": raw["name"],
        "email": raw["email"],
        "phone": raw["phone"],
        "description": raw["description"],
        "currency": currency,
        "balance_minor": from_stripe(raw["balance"], currency) if currency else 0,
        "delinquent": bool(raw.get("delinquent")),
        "default_payment_method": id_of(raw["invoice_settings"]["default_payment_method"]),
        "metadata_": dict(raw["metadata"]),
    }
