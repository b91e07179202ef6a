"""Stripe's minor units and ISO 4217's."""

import pytest

from payymo_api.core.money import CURRENCIES, InvalidAmount
from payymo_api.payments.rules.amounts import from_stripe, to_stripe


@pytest.mark.parametrize(
    ("currency", "stripe", "iso"),
    [
        ("GBP", 1050, 1050),
        ("JPY", 500, 500),
        ("KWD", 5120, 5120),
        ("ISK", 500, 5),
        ("UGX", 500, 5),
        ("MGA", 500, 50000),
        ("CLP", 500, 500),
    ],
)
def test_units_are_told_apart(currency: str, stripe: int, iso: int) -> None:
    assert from_stripe(stripe, currency) == iso
    assert to_stripe(iso, currency) == stripe


@pytest.mark.parametrize("currency", CURRENCIES)
def test_nothing_is_lost_on_the_way_there_and_back(currency: str) -> None:
    for amount in (0, 100, -12300, 99_999_900):
        assert to_stripe(from_stripe(amount, currency), currency) == amount


def test_a_fraction_is_refused_and_not_rounded() -> None:
    with pytest.raises(InvalidAmount):
        from_stripe(550, "ISK")
    with pytest.raises(InvalidAmount):
        to_stripe(50, "MGA")
