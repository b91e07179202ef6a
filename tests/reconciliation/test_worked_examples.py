"""The worked examples of docs/matching.md, decided by the engine as it is: the page says the same.

If one fails because the engine has learned better, its message is what belongs on the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import floor
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from payymo_api.core.money import decimal_text
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Discount,
    Document,
    Line,
    Proposal,
    Share,
)

PAGE = (Path(__file__).parents[2] / "docs" / "matching.md").read_text(encoding="utf-8")
KESTREL = Customer(UUID(int=1), ("Kestrel Joinery BV",), number="K-2041")
OSPREY = Customer(UUID(int=2), ("Osprey Dental Practice Ltd",), number="K-2077")
MERLIN = Customer(UUID(int=3), ("Merlin Yoga Studio",), number="K-2103")
HARRIER = Customer(UUID(int=4), ("Harrier Cycles",), number="K-2118")


def invoice(
    number: str,
    customer: Customer,
    minor: int,
    currency: str,
    issued_on: date,
    due_on: date,
    *,
    reference: str | None = None,
    discount: Discount | None = None,
) -> Document:
    return Document(
        id=uuid5(NAMESPACE_OID, number),
        kind="invoice",
        number=number,
        currency=currency,
        amount=minor,
        open=minor,
        issued_on=issued_on,
        due_on=due_on,
        customer=customer.id,
        creditor_reference=reference,
        discount=discount,
    )


def monthly(customer: Customer, minor: int, numbers: Mapping[int, str]) -> list[Document]:
    """Return an invoice of the same amount for each month, due on its 15th."""
    return [
        invoice(number, customer, minor, "GBP", date(2026, month, 1), date(2026, month, 15))
        for month, number in numbers.items()
    ]


def engine(customers: Sequence[Customer], documents: Sequence[Document]) -> Matcher:
    matcher = Matcher()
    for customer in customers:
        matcher.put_customer(customer)
    for document in documents:
        matcher.put_document(document)
    return matcher


# how the page shows them


def shown(line: Line, matcher: Matcher) -> str:
    """Return what is open, what the line says, and what the engine says of it."""
    index = matcher.index
    told = [
        *("Open", *(_document(each, matcher) for each in index.documents.values() if each.open)),
        *("Line", *_line(line)),
        *("Answer", *_answer(matcher.decide(line), matcher)),
    ]
    return "\n".join(each if each in {"Open", "Line", "Answer"} else f"  {each}" for each in told)


def _document(each: Document, matcher: Matcher) -> str:
    customer = matcher.index.customers[each.customer] if each.customer else None
    parts = [
        f"{each.number}  {_money(each.open, each.currency)}",
        f"issued {each.issued_on}  due {each.due_on}",
        customer.names[0] if customer else "",
    ]
    if each.creditor_reference:
        parts.append(each.creditor_reference)
    if each.discount:
        parts.append(f"{each.discount.percent} % off within {each.discount.days} days")
    return "  ".join(parts)


def _line(line: Line) -> Iterator[str]:
    yield f"{_money(line.amount, line.currency)}  booked {line.booked_on}"
    yield f"from: {line.counterparty_name}, {line.counterparty_account}"
    yield from (f"text: {each}" for each in line.texts)


def _answer(answer: Answer, matcher: Matcher) -> Iterator[str]:
    yield answer.verdict
    for place, proposal in enumerate(answer.proposals, start=1):
        yield from _proposal(place, proposal, matcher)
    if answer.because:
        yield f"because: {answer.because}"
    if answer.to_change:
        yield f"to change: {answer.to_change}"


def _proposal(place: int, proposal: Proposal, matcher: Matcher) -> Iterator[str]:
    shares = ", ".join(_share(each, matcher) for each in proposal.shares)
    yield f"{place}. {floor(100 * proposal.probability)} %  {shares}"
    yield from (f"   {each.code}: {each.text}" for each in proposal.evidence)


def _share(share: Share, matcher: Matcher) -> str:
    document = matcher.index.documents[share.document]
    paid = f"{document.number} {_money(share.document_amount, document.currency)}"
    if not share.write_off:
        return paid
    written_off = _money(share.write_off, document.currency)
    return f"{paid}, written off {written_off} ({share.write_off_reason})"


def _money(minor: int, currency: str) -> str:
    return f"{decimal_text(minor, currency)} {currency}"


def assert_on_page(block: str) -> None:
    assert f"```text\n{block}\n```\n" in PAGE, f"docs/matching.md has to say:\n{block}"


# the examples


def test_a_clean_reference_with_a_discount_is_posted() -> None:
    documents = [
        invoice(
            "INV-2026-0418",
            KESTREL,
            125000,
            "EUR",
            date(2026, 3, 2),
            date(2026, 4, 1),
            reference="RF09INV20260418",
            discount=Discount(Decimal(2), 10),
        ),
        invoice("INV-2026-0395", KESTREL, 98000, "EUR", date(2026, 2, 20), date(2026, 3, 22)),
    ]
    line = Line(
        id=UUID(int=9),
        amount=122500,
        currency="EUR",
        booked_on=date(2026, 3, 11),
        texts=("RF09 INV2 0260 418",),
        counterparty_name="Kestrel Joinery BV",
        counterparty_account="NL91ABNA0417164300",
    )
    assert_on_page(shown(line, engine([KESTREL], documents)))


def test_a_slip_in_the_number_among_recurring_amounts_is_posted() -> None:
    numbers = {1: "RE-26-0117", 2: "RE-26-0231", 3: "RE-26-0342", 4: "RE-26-0455"}
    documents = monthly(OSPREY, 4900, numbers)
    line = Line(
        id=UUID(int=9),
        amount=4900,
        currency="GBP",
        booked_on=date(2026, 4, 17),
        texts=("CARE PLAN MARCH RE26 03 24",),
        counterparty_name="OSPREY DENTAL PRAC",
        counterparty_account="GB33BUKB20201555555555",
    )
    matcher = engine([OSPREY], documents)
    assert_on_page(shown(line, matcher))

    without_month = replace(line, texts=("CARE PLAN RE26 03 24",))
    assert matcher.decide(without_month).verdict == "propose"


def test_an_unknown_payer_is_proposed_until_somebody_confirms_him() -> None:
    documents = [
        *monthly(MERLIN, 6000, {3: "RE-26-0351", 4: "RE-26-0462"}),
        *monthly(HARRIER, 6000, {3: "RE-26-0360"}),
    ]
    matcher = engine([MERLIN, HARRIER], documents)
    line = Line(
        id=UUID(int=9),
        amount=6000,
        currency="GBP",
        booked_on=date(2026, 3, 16),
        texts=("STUDIO RENT",),
        counterparty_name="P AVERY",
        counterparty_account="GB82WEST12345698765432",
    )
    assert_on_page(shown(line, matcher))

    first, _ = matcher.decide(line).proposals
    matcher.settle(line, first.shares, by_user=True)
    april = replace(line, id=UUID(int=10), booked_on=date(2026, 4, 16))
    assert_on_page(shown(april, matcher))
