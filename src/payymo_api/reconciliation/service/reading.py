"""A match request turned into entries: every id looked up, every amount read exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from payymo_api.core.db import AnyScope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.fields import read_amount
from payymo_api.core.money import InvalidAmount
from payymo_api.core.types import (
    CreditId,
    CustomerId,
    InvoiceId,
    PayoutId,
    new_id,
    parse_public_id,
)
from payymo_api.invoicing.repository import customers_held
from payymo_api.reconciliation.rules.algebra import Entry
from payymo_api.reconciliation.schemas import AllocationRequest
from payymo_api.reconciliation.service.books import Books

_PREFIXES = {
    "invoice": ("inv",),
    "credit_note": ("inv",),
    "payout": ("spo",),
    "on_account": ("cust", "cred"),
}


@dataclass(frozen=True)
class Named:
    """An allocation of the request, where it stands, and what its document_id is."""

    request: AllocationRequest
    pointer: str
    prefix: str
    id: UUID

    def wrong(self, field: str, code: str, detail: str) -> ValidationFailed:
        return ValidationFailed.at(f"{self.pointer}/{field}", code, detail)


@dataclass(frozen=True)
class Reading:
    books: Books
    entries: tuple[Entry, ...]
    credit_owners: dict[UUID, CustomerId]
    """New credit -> whose it is."""


async def read(scope: AnyScope, requests: Sequence[AllocationRequest]) -> Reading:
    """Lock what the request names; ValidationFailed at the pointer of what it may not name."""
    named = [_named(place, request) for place, request in enumerate(requests)]
    books = await Books.lock(
        scope,
        {each.request.transaction_id for each in named},
        {InvoiceId(each.id) for each in named if each.prefix == "inv"},
        {PayoutId(each.id) for each in named if each.prefix == "spo"},
        {CreditId(each.id) for each in named if each.prefix == "cred"},
    )
    wanted = {CustomerId(each.id) for each in named if each.prefix == "cust"}
    customers = await customers_held(scope, wanted)
    for each in named:
        _check_known(each, books, customers)
    entries = tuple(_entry(each, books) for each in named)
    owners = {
        entry.document: CustomerId(each.id)
        for each, entry in zip(named, entries, strict=True)
        if entry.makes_credit
    }
    return Reading(books, entries, owners)


def _named(place: int, request: AllocationRequest) -> Named:
    pointer = f"/allocations/{place}"
    prefix = request.document_id.partition("_")[0]
    try:
        id = parse_public_id(prefix, request.document_id)
    except ValueError:
        id = None
    if id is None or prefix not in _PREFIXES[request.document_type]:
        detail = f"{request.document_type} takes {' or '.join(_PREFIXES[request.document_type])}_…"
        raise ValidationFailed.at(f"{pointer}/document_id", "unknown_reference", detail)
    return Named(request, pointer, prefix, id)


def _check_known(named: Named, books: Books, customers: set[CustomerId]) -> None:
    line = books.lines.get(named.request.transaction_id)
    if line is None or line.removed_at is not None:
        raise named.wrong("transaction_id", "unknown_reference", "There is no such thing here.")
    known = {*books.invoices, *books.payouts, *books.credits, *customers}
    document = books.invoices.get(named.id)
    if named.id not in known or (document and document.removed_at is not None):
        raise named.wrong("document_id", "unknown_reference", "There is no such thing here.")
    if document and document.kind != named.request.document_type:
        detail = f"This document is of the kind {document.kind}."
        raise named.wrong("document_type", "wrong_document_type", detail)


def _entry(named: Named, books: Books) -> Entry:
    request = named.request
    line = books.lines[request.transaction_id]
    amount = _read(named, "amount", request.amount, request.amount_minor, line.currency)
    if amount == 0:
        raise named.wrong("amount", "invalid_amount", "The amount is not 0.")
    if named.prefix in {"cust", "cred"}:
        return _on_account(named, books, amount)
    document = books.invoices.get(named.id) or books.payouts[named.id]
    document_amount = _document_amount(named, amount, line.currency, document.currency)
    write_off = _write_off(named, document.currency)
    if (document_amount + write_off) * amount <= 0:
        detail = "What the document is settled by has the sign of the amount."
        raise named.wrong("write_off", "invalid_amount", detail)
    return Entry(
        line=line.id,
        document_type=request.document_type,
        document=named.id,
        amount=amount,
        document_amount=document_amount,
        write_off=write_off,
        write_off_reason=request.write_off.reason if request.write_off else None,
    )


def _on_account(named: Named, books: Books, amount: int) -> Entry:
    request = named.request
    line = books.lines[request.transaction_id]
    if request.write_off or _has_document_amount(request):
        raise named.wrong("document_type", "not_on_account", "A credit is the plain amount.")
    makes = named.prefix == "cust"
    if makes != (amount > 0):
        detail = "A credit is made of a positive amount for cust_…, used by a negative of cred_…."
        raise named.wrong("amount", "invalid_amount", detail)
    if not makes:
        credit = books.credits[named.id]
        is_paid_back = line.amount_minor < 0 and line.currency == credit.currency
        if credit.transaction_id != line.id and not is_paid_back:
            detail = "A credit is used on its own transaction, or paid back on one that goes out."
            raise named.wrong("transaction_id", "not_the_credits_line", detail)
    return Entry(
        line=line.id,
        document_type="on_account",
        document=new_id() if makes else named.id,
        amount=amount,
        document_amount=amount,
        makes_credit=makes,
    )


def _document_amount(named: Named, amount: int, currency: str, document_currency: str) -> int:
    request = named.request
    if not _has_document_amount(request):
        if currency == document_currency:
            return amount
        detail = f"The document is in {document_currency}: say how much of it this settles."
        raise named.wrong("document_amount", "missing", detail)
    found = _read(
        named,
        "document_amount",
        request.document_amount,
        request.document_amount_minor,
        document_currency,
    )
    same_currency_differs = currency == document_currency and found != amount
    if same_currency_differs or found * amount <= 0:
        detail = "document_amount has amount's sign, and is amount where the currency is the same."
        raise named.wrong("document_amount", "invalid_amount", detail)
    return found


def _has_document_amount(request: AllocationRequest) -> bool:
    return request.document_amount is not None or request.document_amount_minor is not None


def _write_off(named: Named, currency: str) -> int:
    given = named.request.write_off
    if given is None:
        return 0
    found = _read(named, "write_off/amount", given.amount, given.amount_minor, currency)
    if found == 0:
        raise named.wrong("write_off/amount", "invalid_amount", "The amount is not 0.")
    return found


def _read(
    named: Named, field: str, amount: Decimal | None, minor: int | None, currency: str
) -> int:
    try:
        return read_amount(amount, minor, currency).minor
    except InvalidAmount as error:
        raise named.wrong(field, "invalid_amount", str(error)) from error
