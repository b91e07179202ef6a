"""Stripe's minor units and ISO 4217's: mostly the same (https://docs.stripe.com/currencies).

Stripe counts some currencies in other units: MGA in whole ariary, ISK and UGX in hundredths for
the sake of old programs, and all that ISO 4217 gives four decimals, or three but Stripe does not
name, in hundredths.
"""

from payymo_api.core.money import InvalidAmount, decimals

_ZERO = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
_THREE = frozenset("BHD JOD KWD OMR TND".split())


def _stripe_decimals(currency: str) -> int:
    if currency in _ZERO:
        return 0
    return 3 if currency in _THREE else 2


def from_stripe(amount: int, currency: str) -> int:
    """Return ISO's minor units; InvalidAmount if Stripe tells a fraction of one."""
    return _scaled(amount, decimals(currency) - _stripe_decimals(currency), currency)


def to_stripe(minor: int, currency: str) -> int:
    """Return Stripe's units; InvalidAmount if the amount has too many decimals for Stripe."""
    return _scaled(minor, _stripe_decimals(currency) - decimals(currency), currency)


def _scaled(amount: int, places: int, currency: str) -> int:
    if places >= 0:
        return amount * int(10**places)
    whole, rest = divmod(amount, int(10**-places))
    if rest:
        raise InvalidAmount(f"{currency} amounts are whole at Stripe, or in another unit")
    return whole
