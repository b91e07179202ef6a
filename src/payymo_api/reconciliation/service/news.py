"""What a match tells the tenant's systems, and how matches are answered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.types import MatchId, PaymentId, public_id
from payymo_api.edge import exact
from payymo_api.invoicing.events import InvoicePaid, InvoicePartiallyPaid
from payymo_api.invoicing.models import Invoice
from payymo_api.messaging.events import Event
from payymo_api.payments.events import StripePayoutReconciled
from payymo_api.payments.models import Payout
from payymo_api.reconciliation.events import (
    ReconciliationSuggested,
    TransactionMatched,
    TransactionUnmatched,
)
from payymo_api.reconciliation.models import (
    Allocation,
    CustomerCredit,
    LearnedFact,
    Match,
    Suggestion,
)
from payymo_api.reconciliation.rules.algebra import DocumentType, Entry, line_moves
from payymo_api.reconciliation.schemas import (
    AllocationAnswer,
    CreditAnswer,
    InvoiceMoved,
    LineMatched,
    MatchAnswer,
    MatchedDocument,
    PayoutReconciled,
    WriteOff,
)
from payymo_api.reconciliation.schemas.learned import FactAnswer
from payymo_api.reconciliation.schemas.suggestions import LineSuggested, SuggestionAnswer
from payymo_api.reconciliation.service import proposals
from payymo_api.reconciliation.service.books import Books

_PREFIXES: dict[str, str] = {
    "invoice": "inv",
    "credit_note": "inv",
    "payout": "spo",
    "on_account": "cred",
}


def matched(books: Books, row: Match, entries: Sequence[Entry]) -> list[Event]:
    return [TransactionMatched(data=_json(each)) for each in _lines(books, row, entries)]


def unmatched(books: Books, row: Match, entries: Sequence[Entry]) -> list[Event]:
    return [TransactionUnmatched(data=_json(each)) for each in _lines(books, row, entries)]


def suggested(rows: Iterable[Suggestion]) -> list[Event]:
    return [ReconciliationSuggested(data=_json(_suggested(each))) for each in rows]


def settled(books: Books, match_id: MatchId, risen: Collection[UUID]) -> list[Event]:
    """`risen`: the documents whose settled amount rose; credit notes are no news here."""
    documents = [books.invoices[id] for id in sorted(risen & books.invoices.keys())]
    return [_risen(each, match_id=match_id) for each in documents if each.kind == "invoice"]


def collected(document: Invoice, payment_id: PaymentId) -> Event:
    """A Stripe payment settles more of the invoice."""
    return _risen(document, payment_id=payment_id)


def _risen(
    document: Invoice, *, match_id: MatchId | None = None, payment_id: PaymentId | None = None
) -> Event:
    data = _json(_moved(document, match_id, payment_id))
    is_paid = document.settled_minor == document.amount_minor
    return InvoicePaid(data=data) if is_paid else InvoicePartiallyPaid(data=data)


def reconciled(books: Books, match_id: MatchId, entries: Sequence[Entry]) -> list[Event]:
    """A payout's bank line was found; one that takes it back is no news here."""
    return [
        StripePayoutReconciled(data=_json(_reconciled(payout, match_id, entry.line)))
        for entry in entries
        if (payout := books.payouts.get(entry.document))
        and payout.settled_minor == payout.amount_minor
    ]


def _json(model: BaseModel) -> str:
    return exact.dump(model).decode()


def _lines(books: Books, row: Match, entries: Sequence[Entry]) -> Iterable[LineMatched]:
    for id, minor in line_moves(entries).items():
        currency = books.lines[id].currency
        yield LineMatched.model_validate(
            {
                "transaction_id": id,
                "match_id": row.id,
                **money_fields(Money(minor, currency)),
                "source": row.source,
                "documents": [_document(each, currency) for each in entries if each.line == id],
            }
        )


def _document(entry: Entry, currency: str) -> MatchedDocument:
    return MatchedDocument(
        document_type=entry.document_type,
        document_id=document_id(entry.document_type, entry.document),
        amount=Money(entry.amount, currency).decimal(),
        amount_minor=entry.amount,
    )


def _suggested(row: Suggestion) -> LineSuggested:
    first = proposals.answer(row.transaction_id, row.proposals[0])
    return LineSuggested(
        suggestion_id=row.id,
        transaction_id=row.transaction_id,
        **money_fields(Money(row.amount_minor, row.currency)),
        probability=first.probability,
        documents=[MatchedDocument.model_validate(each) for each in first.allocations],
    )


def document_id(type: str, id: UUID) -> str:
    return public_id(_PREFIXES[type], id)


def _moved(
    document: Invoice, match_id: MatchId | None, payment_id: PaymentId | None
) -> InvoiceMoved:
    return InvoiceMoved.model_validate(
        {
            "invoice_id": document.id,
            "number": document.number,
            "external_id": document.external_id,
            "customer_id": document.customer_id,
            **money_fields(Money(document.amount_minor, document.currency)),
            "settled_minor": document.settled_minor,
            "open_minor": document.amount_minor - document.settled_minor,
            "match_id": match_id,
            "payment_id": payment_id,
        }
    )


def _reconciled(payout: Payout, match_id: MatchId, line: UUID) -> PayoutReconciled:
    return PayoutReconciled.model_validate(
        {
            "id": payout.id,
            "stripe_id": payout.stripe_id,
            **money_fields(Money(payout.amount_minor, payout.currency)),
            "transaction_id": line,
            "match_id": match_id,
        }
    )


def answer(row: Match, allocations: Iterable[Allocation]) -> MatchAnswer:
    mine = [each for each in allocations if each.match_id == row.id]
    return MatchAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in MatchAnswer.model_fields},
            "runner_up": _runner_up(mine[0], row.runner_up) if row.runner_up else None,
            "allocations": [_allocation(each) for each in mine],
        }
    )


def _runner_up(of: Allocation, other: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**proposals.fields(of.transaction_id, other), "because": other["because"]}


def suggestion_answer(row: Suggestion) -> SuggestionAnswer:
    return SuggestionAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in SuggestionAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
            "proposals": [proposals.answer(row.transaction_id, each) for each in row.proposals],
        }
    )


def fact_answer(row: LearnedFact) -> FactAnswer:
    """A `not_this` has its line's id in place of a payer's key."""
    is_payer = row.kind != "not_this"
    document = public_id("inv", row.invoice_id) if row.invoice_id else None
    return FactAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in FactAnswer.model_fields},
            "key": row.key if is_payer else None,
            "transaction_id": None if is_payer else UUID(row.key),
            "document_id": public_id("spo", row.payout_id) if row.payout_id else document,
        }
    )


def _allocation(row: Allocation) -> AllocationAnswer:
    type: DocumentType = row.document_type  # type: ignore[assignment]  # a CHECK holds it
    document = row.invoice_id or row.payout_id or row.credit_id
    assert document is not None
    off = Money(row.write_off_minor, row.document_currency)
    write_off = {**money_fields(off), "reason": row.write_off_reason}
    return AllocationAnswer(
        transaction_id=row.transaction_id,
        document_type=type,
        document_id=document_id(type, document),
        **money_fields(Money(row.amount_minor, row.currency)),
        document_amount=Money(row.document_amount_minor, row.document_currency).decimal(),
        document_amount_minor=row.document_amount_minor,
        document_currency=row.document_currency,
        write_off=WriteOff.model_validate(write_off) if row.write_off_minor else None,
    )


def credit_answer(row: CustomerCredit) -> CreditAnswer:
    return CreditAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in CreditAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
            "left_minor": row.amount_minor - row.used_minor,
        }
    )
