from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.core.money import CURRENCIES, InvalidAmount, Money, decimal_text, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("100.50", "GBP", 10050),
        ("-0.05", "EUR", -5),
        ("5", "JPY", 5),
        ("1.234", "KWD", 1234),
        ("1.2345", "UYW", 12345),
        (Decimal("1E2"), "EUR", 10000),
        ("9999999999999.99", "EUR", 999_999_999_999_999),
    ],
)
def test_reads_decimals_exactly(amount: Decimal | str, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.234", "EUR"),
        ("0.5", "JPY"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1e400", "EUR"),
        ("1e-400", "EUR"),
        ("1.0000000000000000000000000000000001", "EUR"),
        ("10000000000000.00", "EUR"),
        ("ten", "EUR"),
        ("1", "XXX"),
        ("1", "eur"),
    ],
)
def test_refuses_instead_of_rounding(amount: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        minor_units(amount, currency)


@given(
    st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1),
    st.sampled_from(sorted(CURRENCIES)),
)
def test_what_is_written_reads_back_the_same(minor: int, currency: str) -> None:
    text = decimal_text(minor, currency)

    assert Money.of(text, currency) == Money(minor, currency)
    assert format(Money(minor, currency).decimal(), "f") == text
    assert len(text.partition(".")[2]) == CURRENCIES[currency]
