from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.fields import money_fields, read_amount
from payymo_api.core.money import InvalidAmount, Money
from payymo_api.core.types import CustomerId, InvoiceId, new_id
from payymo_api.edge.etag import IfMatch
from payymo_api.invoicing import rules
from payymo_api.invoicing.errors import (
    ExternalIdTaken,
    InvoiceBelowSettled,
    InvoiceReadOnly,
    InvoiceSettled,
)
from payymo_api.invoicing.events import DocumentsChanged
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.repository import (
    CustomerRepository,
    InvoiceRepository,
    customers_held,
)
from payymo_api.invoicing.schemas import InvoiceAnswer, InvoiceRequest
from payymo_api.invoicing.service import batch
from payymo_api.invoicing.service.batch import Draft, Outcome
from payymo_api.messaging import outbox

Row = dict[str, Any]
OURS = "api"
"""Documents of any other source are kept by that source."""


def answer(row: Invoice) -> InvoiceAnswer:
    discount = {"percent": row.discount_percent, "days": row.discount_days}
    is_closed = row.status in {"void", "paid"}
    return InvoiceAnswer.model_validate(
        {
            **{name: getattr(row, name, None) for name in InvoiceAnswer.model_fields},
            **money_fields(Money(row.amount_minor, row.currency)),
            "open_minor": 0 if is_closed else row.amount_minor - row.settled_minor,
            "discount": None if row.discount_percent is None else discount,
            "metadata": row.metadata_,
        }
    )


async def create(scope: Scope, request: InvoiceRequest) -> Invoice:
    """Make a document; ExternalIdTaken if its external_id is in use."""
    invoices = InvoiceRepository(scope)
    customers = await Customers.of(scope, [request])
    row = {"id": InvoiceId(new_id()), "source": OURS, **_values(request, customers, "")}
    if not await invoices.insert([row]):
        raise ExternalIdTaken("Another document has this external_id.")
    await outbox.record(scope, DocumentsChanged(invoice_ids=(row["id"],)))
    return await invoices.get(row["id"])


async def replace(
    scope: Scope, id: InvoiceId, request: InvoiceRequest, if_match: IfMatch
) -> Invoice:
    customers = await Customers.of(scope, [request])
    invoices = InvoiceRepository(scope)
    row = await invoices.get_locked(id)
    if_match.check(answer(row))
    values = _change(row, _values(request, customers, ""))
    if batch.differs(row, values):
        try:
            async with scope.savepoint():
                await invoices.change([{"id": id, **values}])
        except IntegrityError as error:
            raise ExternalIdTaken("Another document has this external_id.") from error
        await scope.session.refresh(row)
        await outbox.record(scope, DocumentsChanged(invoice_ids=(id,)))
    return row


async def delete(scope: Scope, id: InvoiceId) -> None:
    invoices = InvoiceRepository(scope)
    row = await invoices.get_locked(id)
    _check_ours(row)
    if row.settled_minor:
        raise InvoiceSettled("Money is matched with this document.")
    await invoices.remove(row)


async def upsert(scope: Scope, rows: Sequence[object]) -> list[Outcome]:
    """Make or overwrite documents by external_id; a row that is refused changes nothing."""
    invoices = InvoiceRepository(scope)
    drafts, unread = batch.read(rows, InvoiceRequest)
    customers = await Customers.of(scope, [draft.request for draft in drafts.values()])
    there = {row.external_id: row for row in await invoices.named_locked(sorted(drafts))}

    def change(draft: Draft[InvoiceRequest]) -> Row:
        row = there[draft.request.external_id]
        values = _change(row, _values(draft.request, customers, draft.pointer))
        return {"id": row.id, **values}

    def make(draft: Draft[InvoiceRequest]) -> Row:
        values = _values(draft.request, customers, draft.pointer)
        return {"id": InvoiceId(new_id()), "source": OURS, **values}

    old, not_changed = batch.each([drafts[name] for name in drafts if name in there], change)
    new, not_made = batch.each([drafts[name] for name in sorted(drafts) if name not in there], make)
    changed = [
        (draft, values)
        for draft, values in old
        if batch.differs(there[draft.request.external_id], values)
    ]
    if changed:
        await invoices.change([values for _, values in changed])
    made = await invoices.insert([values for _, values in new]) if new else set()
    await _announce(scope, [*(values["id"] for _, values in changed), *made])
    touched = {values["id"] for _, values in changed}
    kept = [
        Outcome(draft.index, "updated" if values["id"] in touched else "unchanged", values["id"])
        for draft, values in old
    ]
    return batch.in_order(*unread, *not_changed, *not_made, *kept, *batch.inserted(made, new))


async def _announce(scope: Scope, ids: Collection[InvoiceId]) -> None:
    if ids:
        await outbox.record(scope, DocumentsChanged(invoice_ids=tuple(sorted(ids))))


class Customers:
    """The customers that requests name; held, so that none is removed before we commit."""

    def __init__(self, ids: set[CustomerId], named: dict[str, CustomerId]) -> None:
        self._ids, self._named = ids, named

    @classmethod
    async def of(cls, scope: Scope, requests: Collection[InvoiceRequest]) -> "Customers":
        ids = {each.customer_id for each in requests if each.customer_id}
        names = {each.customer_external_id for each in requests if each.customer_external_id}
        repository = CustomerRepository(scope)
        return cls(
            await customers_held(scope, ids),
            dict(await repository.named(sorted(names))) if names else {},
        )

    def id(self, request: InvoiceRequest, pointer: str) -> CustomerId | None:
        """Return whom the request means; ValidationFailed if unknown, or if it names two."""
        id, name = request.customer_id, request.customer_external_id
        if id is not None and id not in self._ids:
            raise _wrong(
                f"{pointer}/customer_id", "unknown_reference", "There is no such customer."
            )
        if name is None:
            return id
        if name not in self._named or id not in {None, self._named[name]}:
            detail = "There is no such customer, or customer_id names another one."
            raise _wrong(f"{pointer}/customer_external_id", "unknown_reference", detail)
        return self._named[name]


def _values(request: InvoiceRequest, customers: Customers, pointer: str) -> Row:
    """Return the columns that a request fills; ValidationFailed where it breaks a rule."""
    values = request.model_dump(
        exclude={"amount", "amount_minor", "customer_external_id", "discount", "metadata"}
    )
    discount = request.discount
    return {
        **values,
        "customer_id": customers.id(request, pointer),
        "amount_minor": _total(request, pointer),
        "discount_percent": discount and discount.percent,
        "discount_days": discount and discount.days,
        "metadata_": dict(request.metadata),
    }


def _total(request: InvoiceRequest, pointer: str) -> int:
    try:
        total = read_amount(request.amount, request.amount_minor, request.currency)
    except InvalidAmount as error:
        raise _wrong(f"{pointer}/amount", "invalid_amount", str(error)) from error
    if total.minor <= 0:
        raise _wrong(f"{pointer}/amount", "invalid_amount", "The amount is above 0.")
    return total.minor


def _change(row: Invoice, values: Row) -> Row:
    """Return the values with the status that the money gives; refuse what the money forbids."""
    _check_ours(row)
    settled = row.settled_minor
    if settled and values["status"] == "void":
        raise InvoiceSettled("A document that money is matched with can't be void.")
    if settled and (values["currency"], values["kind"]) != (row.currency, row.kind):
        raise InvoiceSettled("Currency and kind stay while money is matched with the document.")
    if values["amount_minor"] < settled:
        settled_text = Money(settled, row.currency)
        raise InvoiceBelowSettled(f"{settled_text} {row.currency} of it is settled.")
    if values["status"] == "void":
        return values
    return {**values, "status": rules.status(settled, values["amount_minor"])}


def _check_ours(row: Invoice) -> None:
    if row.source != OURS:
        raise InvoiceReadOnly(f"This document is kept by {row.source}.")


def _wrong(pointer: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed.at(pointer, code, detail)
