"""What banks write into a line, read without loss."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from payymo_api.banking.gateway import BankTransaction
from payymo_api.banking.gateway.gocardless.lines import (
    Unreadable,
    read_iban,
    read_line,
)
from payymo_api.banking.gateway.gocardless.records import read_balances
from payymo_api.core.money import Money


def line(amount: object = "12.30", currency: str = "EUR", **fields: object) -> dict[str, Any]:
    return {"transactionAmount": {"amount": amount, "currency": currency}, **fields}


def read(amount: object = "12.30", currency: str = "EUR", **fields: object) -> BankTransaction:
    return read_line(line(amount, currency, **fields), booked=True)


@pytest.mark.parametrize(
    "id", [" ", "", "0", "NOTPROVIDED", "notprovided", "2026-03-02.0", "2026-03-02-1", None, [], {}]
)
def test_a_placeholder_is_no_id(id: object) -> None:
    found = read(transactionId=id, internalTransactionId=id, endToEndId=id)
    assert (found.provider_id, found.internal_id, found.end_to_end_id) == (None, None, None)


def test_an_id_keeps_its_zeros() -> None:
    assert read(transactionId=" 0000123 ").provider_id == "0000123"
    assert read(transactionId="00DEBITS-LTD").provider_id == "00DEBITS-LTD"


def test_description_takes_the_first_text_there_is() -> None:
    texts: dict[str, Any] = {
        "remittanceInformationUnstructured": "free",
        "remittanceInformationUnstructuredArray": ["of", "several"],
        "remittanceInformationStructured": "RF18",
        "additionalInformation": "more",
        "debtorName": "Ada",
    }
    found = []
    for text in list(texts):
        found.append(read(**texts).description)
        del texts[text]
    assert found == ["free", "of several", "RF18", "more", "Ada"]
    assert read(**texts).description == ""


def test_a_text_that_was_cut_is_taken_from_the_array() -> None:
    found = read(
        remittanceInformationUnstructured="RECHNUNG INV-2026-00",
        remittanceInformationUnstructuredArray=["RECHNUNG INV-2026-00", "17"],
    )
    assert found.description == "RECHNUNG INV-2026-00 17"


@pytest.mark.parametrize(
    "fields",
    [
        {"remittanceInformationStructured": " RF18 5390 "},
        {"remittanceInformationStructured": ["RF18", "5390"]},
        {"remittanceInformationStructured": {"reference": "RF18 5390"}},
        {"remittanceInformationStructuredArray": ["RF18 5390"]},
    ],
)
def test_a_structured_reference_comes_in_four_shapes(fields: dict[str, Any]) -> None:
    assert read(**fields).reference == "RF18 5390"


def test_free_text_is_no_reference() -> None:
    assert read(remittanceInformationUnstructured="INV-1").reference is None


def test_the_counterparty_is_who_stands_on_the_other_side() -> None:
    parties: dict[str, Any] = {
        "debtorName": "Payer",
        "debtorAccount": {"iban": "de89 3704 0044 0532 0130 00"},
        "creditorName": "Shop",
        "creditorAccount": {"iban": "NOTPROVIDED"},
    }
    came, went = read("1.00", **parties), read("-1.00", **parties)
    assert (came.counterparty_name, came.counterparty_iban) == ("Payer", "DE89370400440532013000")
    assert (went.counterparty_name, went.counterparty_iban) == ("Shop", None)


@pytest.mark.parametrize(
    ("wire", "minor"),
    [
        (("12.3", "EUR"), 1230),
        ((12, "EUR"), 1200),
        (("-1000", "JPY"), -1000),
        (("1.5", "KWD"), 1500),
    ],
)
def test_amounts_are_minor_units_of_their_currency(wire: tuple[object, str], minor: int) -> None:
    assert read(*wire).amount == Money(minor, wire[1])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("text", "not an object"),
        ({}, "transactionAmount is missing"),
        ({"transactionAmount": {"currency": "EUR"}}, r"transactionAmount\.amount is missing"),
        (line(amount=True), r"transactionAmount\.amount is missing"),
        (line(currency=""), r"transactionAmount\.currency is missing"),
        (line("12,30"), "transactionAmount: .*not a decimal"),
        (line("NaN"), "transactionAmount: .*finite"),
        (line("1.234"), "transactionAmount: EUR has 2 decimals"),
        (line(currency="XXX"), "transactionAmount: .*ISO 4217"),
        (line(bookingDate="2026-02-30"), "bookingDate .*not a date"),
    ],
)
def test_a_line_that_is_no_money_or_has_no_date_names_the_field(row: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_line(row, booked=True)


def test_a_banks_own_date_is_not_shifted() -> None:
    found = read(bookingDateTime="2026-03-01T23:30:00-05:00")
    assert found.booked_on == date(2026, 3, 1)
    assert found.booked_at == datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
    assert read(bookingDateTime="2026-03-01T23:30:00").booked_at is None
    assert read(bookingDate="2026-03-05", bookingDateTime="x").booked_on == date(2026, 3, 5)
    assert read(valueDate="0000-00-00").value_on is None


def test_a_broken_balance_hides_no_other() -> None:
    whole = {"balanceAmount": {"amount": "1.00", "currency": "EUR"}, "balanceType": "expected"}
    read_ones, rejected = read_balances([{}, whole, None])
    assert [one.amount for one in read_ones] == [Money(100, "EUR")]
    assert len(rejected) == 2


def test_spaces_in_an_iban_are_of_no_matter() -> None:
    assert read_iban("GB40 ALBN 1001 0112 3456 78") == "GB40ALBN10010112345678"
    assert read_iban("GB40") is None
