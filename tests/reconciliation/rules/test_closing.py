"""How an amount stands to one open document, and what is allocated then."""

from dataclasses import replace
from decimal import Decimal

import pytest

from payymo_api.reconciliation.rules.closing import Fit, closing, shares
from payymo_api.reconciliation.rules.values import Discount, Document, Line, Rates, Share
from tests.reconciliation.rules.books import FIRST, TIMBER, invoice, line

DUE = invoice("A-1", 80000, discount=Discount(Decimal(3), 10))
RATES = Rates(FIRST, "EUR", {"EUR": Decimal(1), "USD": Decimal("1.25"), "JPY": Decimal(160)})


def fit(document: Document, paid: Line, rates: Rates | None = None) -> Fit:
    return closing(paid, document, rates).fit


def allocated(document: Document, paid: Line, rates: Rates | None = None) -> tuple[Share, ...]:
    return shares(paid, [document], closing(paid, document, rates))


@pytest.mark.parametrize(
    ("amount", "day", "expected"),
    [
        (80000, 20, Fit.EXACT),
        (77600, 10, Fit.DISCOUNT),
        (77599, 13, Fit.DISCOUNT),
        (77600, 14, Fit.PART),
        (79950, 20, Fit.ROUNDING),
        (80050, 20, Fit.ROUNDING),
        (79900, 20, Fit.FEE),
        (78250, 20, Fit.FEE),
        (78240, 20, Fit.PART),
        (76000, 20, Fit.FEE),
        (75950, 20, Fit.PART),
        (40000, 5, Fit.PART),
        (80100, 20, Fit.OVER),
    ],
)
def test_the_difference_says_what_it_is(amount: int, day: int, expected: Fit) -> None:
    assert fit(DUE, line(amount, day=day)) is expected


def test_a_small_document_is_neither_rounded_nor_charged_away() -> None:
    assert fit(invoice("B", 500), line(440)) is Fit.PART
    assert fit(invoice("B", 500), line(300)) is Fit.PART


def test_no_discount_on_the_rest_of_a_document() -> None:
    rest = replace(DUE, open=40000)

    assert fit(rest, line(38800, day=5)) is not Fit.DISCOUNT


def test_a_currency_without_minor_units_is_not_rounded() -> None:
    yen = invoice("J", 80000, currency="JPY")

    assert fit(yen, line(79999, currency="JPY")) is Fit.FEE
    assert fit(yen, line(79000, currency="JPY"), RATES) is Fit.FEE
    assert fit(yen, line(80001, currency="JPY")) is Fit.OVER


@pytest.mark.parametrize(
    ("amount", "rest", "reason"),
    [(77600, 2400, "discount"), (79970, 30, "rounding"), (79500, 500, "fee")],
)
def test_what_is_missing_is_written_off_by_its_reason(amount: int, rest: int, reason: str) -> None:
    (share,) = allocated(DUE, line(amount, day=8))

    assert (share.amount, share.document_amount, share.write_off) == (amount, amount, rest)
    assert share.write_off_reason == reason


def test_a_part_leaves_the_rest_open() -> None:
    assert allocated(DUE, line(40000)) == (Share("invoice", DUE.id, 40000, 40000),)


@pytest.mark.parametrize("over", [1, 5000])
def test_what_is_too_much_becomes_the_customer_s_credit(over: int) -> None:
    assert allocated(DUE, line(80000 + over)) == (
        Share("invoice", DUE.id, 80000, 80000),
        Share("on_account", TIMBER.id, over, over),
    )


def test_without_a_customer_nobody_gets_a_credit() -> None:
    document = replace(DUE, customer=None)

    assert allocated(document, line(90000)) == (Share("invoice", DUE.id, 80000, 80000),)


def test_the_ordered_amount_closes_a_document_of_its_currency() -> None:
    dollars = invoice("U", 100000, currency="USD")

    paid = line(81234, instructed=(100000, "USD"))
    assert fit(dollars, paid) is Fit.INSTRUCTED
    assert allocated(dollars, paid) == (Share("invoice", dollars.id, 81234, 100000),)
    assert fit(dollars, line(80000, instructed=(99000, "USD")), RATES) is Fit.FOREIGN


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(80000, Fit.RATE), (81900, Fit.RATE), (82100, Fit.FOREIGN), (77900, Fit.FOREIGN)],
)
def test_the_day_s_rate_closes_a_document_within_its_tolerance(amount: int, expected: Fit) -> None:
    dollars = invoice("U", 100000, currency="USD")

    assert fit(dollars, line(amount), RATES) is expected
    assert fit(dollars, line(amount)) is Fit.FOREIGN
    assert fit(invoice("C", 100000, currency="CHF"), line(amount), RATES) is Fit.FOREIGN


def test_of_a_foreign_document_the_rate_says_how_much_is_paid() -> None:
    dollars = invoice("U", 100000, currency="USD")

    assert allocated(dollars, line(40000), RATES) == (Share("invoice", dollars.id, 40000, 50000),)


def test_rates_mind_minor_units() -> None:
    assert fit(invoice("J", 16000, currency="JPY"), line(10000), RATES) is Fit.RATE
