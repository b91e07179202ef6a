"""What of a line goes to each document that it is known to have settled."""

from payymo_api.backtest.shares import shares_of
from payymo_api.reconciliation.rules.values import Document
from tests.backtest.past import bank_line, invoice, name


def booked(amount: int, *documents: Document) -> list[tuple[str, int, int]]:
    open = {each.id: each.open for each in documents}
    shares = shares_of(bank_line(0, amount, "x"), documents, open)
    return [(each.type, each.amount, each.document_amount) for each in shares]


def credit_note(number: str, amount: int, *, open: int | None = None) -> Document:
    return invoice(number, amount, kind="credit_note", open=amount if open is None else open)


def test_a_payment_goes_to_its_invoices_in_turn() -> None:
    assert booked(700, invoice("A", 500), invoice("B", 300)) == [
        ("invoice", 500, 500),
        ("invoice", 200, 200),
    ]


def test_a_credit_note_makes_a_payment_go_further() -> None:
    assert booked(400, invoice("A", 500), credit_note("C", 100)) == [
        ("credit_note", -100, -100),
        ("invoice", 500, 500),
    ]


def test_what_is_too_much_is_the_customers_credit() -> None:
    found = booked(600, invoice("A", 500, customer=name("someone")))
    assert found == [("invoice", 500, 500), ("on_account", 100, 100)]


def test_money_out_gives_back_what_was_paid_or_refunds_a_credit_note() -> None:
    assert booked(-500, invoice("A", 500, open=0)) == [("invoice", -500, -500)]
    assert booked(-80, credit_note("C", 100)) == [("credit_note", -80, -80)]


def test_a_bounced_refund_opens_the_credit_note_again() -> None:
    assert booked(100, credit_note("C", 100, open=0)) == [("credit_note", 100, 100)]


def test_nothing_is_booked_on_what_is_paid() -> None:
    assert booked(500, invoice("A", 500, open=0, customer=name("someone"))) == []


def test_another_currency_is_split_as_the_open_amounts_are() -> None:
    dollars = [
        invoice(number, amount, currency="USD") for number, amount in (("A", 200), ("B", 100))
    ]
    assert booked(271, *dollars) == [("invoice", 180, 200), ("invoice", 91, 100)]
