"""Stripe's API keys: `sk_` (may do everything) and `rk_` (restricted), of test or live mode."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_KEY = re.compile(r"(?P<kind>sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]{4,240}")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class KeyNature:
    """What a key's own text says of it. `hint` tells keys apart and opens nothing."""

    livemode: bool
    restricted: bool
    hint: str


def nature(key: str) -> KeyNature | None:
    """Return None for what is no key that a server calls with."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    hint = f"{found['kind']}_{found['mode']}_…{key[-_SHOWN:]}"
    return KeyNature(found["mode"] == "live", found["kind"] == "rk", hint)


@dataclass(frozen=True, slots=True)
class Needed:
    """A permission by its name in Stripe's dashboard, and the call that shows it is there."""

    permission: str
    params: Mapping[str, int]


_ONE: Mapping[str, int] = {"limit": 1}
NEEDED: Mapping[str, Needed] = {
    "account": Needed("Account", {}),
    "balance": Needed("Balance", {}),
    "payment_intents": Needed("PaymentIntents", _ONE),
    "charges": Needed("Charges", _ONE),
    "refunds": Needed("Refunds", _ONE),
    "disputes": Needed("Disputes", _ONE),
    "payouts": Needed("Payouts", _ONE),
    "balance_transactions": Needed("Balance transactions", _ONE),
    "customers": Needed("Customers", _ONE),
    "subscriptions": Needed("Subscriptions", _ONE),
    "invoices": Needed("Invoices", _ONE),
    "products": Needed("Products", _ONE),
    "prices": Needed("Prices", _ONE),
    "events": Needed("Events", _ONE),
}
"""What a key must be able to read: address -> its permission. Writing is found out by writing."""
