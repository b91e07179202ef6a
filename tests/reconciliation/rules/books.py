"""A small tenant's books: what it bills to whom, and the bank lines that pay for it."""

from datetime import date, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Document,
    Line,
    Payout,
    Policy,
    Share,
)

FIRST = date(2026, 5, 4)
IBAN = "DE89370400440532013000"
OWN = "NL91ABNA0417164300"


def name(text: str) -> UUID:
    return uuid5(NAMESPACE_OID, text)


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


TIMBER = Customer(name("timber"), ("Nordwald Timber GmbH",), number="C70041", accounts=(IBAN,))
PERSON = Customer(name("person"), ("Henrike Oldenburg",), is_person=True)
BAKERY = Customer(name("bakery"), ("Backhaus Sommerfeld KG",))


def invoice(number: str, amount: int, day: int = 0, **more: Any) -> Document:  # noqa: ANN401  its fields
    fields: dict[str, Any] = {
        "kind": "invoice",
        "currency": "EUR",
        "amount": amount,
        "open": amount,
        "issued_on": on(day),
        "due_on": on(day + 30),
        "customer": TIMBER.id,
    }
    return Document(id=name(number), number=number, **fields | more)


def credit_note(number: str, amount: int, day: int = 0, **more: Any) -> Document:  # noqa: ANN401  its fields
    return invoice(number, amount, day, kind="credit_note", **more)


def line(amount: int, text: str = "", day: int = 20, **more: Any) -> Line:  # noqa: ANN401  its fields
    id = name(f"{amount} {text} {day} {sorted(more.items())}")
    fields: dict[str, Any] = {"currency": "EUR", "booked_on": on(day), "texts": (text,)}
    return Line(id=id, amount=amount, **fields | more)


def of_timber(amount: int, text: str = "", day: int = 20, **more: Any) -> Line:  # noqa: ANN401  its fields
    return line(amount, text, day, counterparty_name="NORDWALD TIMBER GMBH", **more)


def matcher(
    *known: Document | Payout, policy: Policy | None = None, customers: tuple[Customer, ...] = ()
) -> Matcher:
    made = Matcher(policy, own_accounts=(OWN,), own_names=("Lindqvist Supplies AB",))
    for customer in customers or (TIMBER, PERSON, BAKERY):
        made.put_customer(customer)
    for each in known:
        made.put_payout(each) if isinstance(each, Payout) else made.put_document(each)
    return made


def shares(answer: Answer) -> tuple[Share, ...]:
    """Return what the first proposal allocates, nothing if there is none."""
    return answer.proposals[0].shares if answer.proposals else ()


def paid(answer: Answer) -> set[UUID]:
    return {each.document for each in shares(answer)}


def ids(*numbers: str) -> set[UUID]:
    return {name(each) for each in numbers}


def posted(answer: Answer) -> set[UUID]:
    """Return the documents of a posted answer."""
    assert answer.verdict == "post", answer
    return paid(answer)
