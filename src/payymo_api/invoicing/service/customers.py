from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from payymo_api.core.db import Scope
from payymo_api.core.types import CustomerId, new_id
from payymo_api.edge.etag import IfMatch
from payymo_api.invoicing.errors import CustomerHasInvoices, ExternalIdTaken
from payymo_api.invoicing.events import CustomersChanged
from payymo_api.invoicing.models import Customer
from payymo_api.invoicing.repository import CustomerRepository, InvoiceRepository
from payymo_api.invoicing.schemas import CustomerAnswer, CustomerRequest
from payymo_api.invoicing.service import batch
from payymo_api.invoicing.service.batch import Draft, Outcome
from payymo_api.messaging import outbox

Row = dict[str, Any]


async def create(scope: Scope, request: CustomerRequest) -> Customer:
    """Make a customer; ExternalIdTaken if its external_id is in use."""
    customers = CustomerRepository(scope)
    id = CustomerId(new_id())
    if not await customers.insert([{"id": id, **_values(request)}]):
        raise ExternalIdTaken("Another customer has this external_id.")
    return await customers.get(id)


async def replace(
    scope: Scope, id: CustomerId, request: CustomerRequest, if_match: IfMatch
) -> Customer:
    customers = CustomerRepository(scope)
    row = await customers.get_locked(id)
    if_match.check(CustomerAnswer.model_validate(row))
    values = _values(request)
    if batch.differs(row, values):
        try:
            async with scope.savepoint():
                await customers.change([{"id": id, **values}])
        except IntegrityError as error:
            raise ExternalIdTaken("Another customer has this external_id.") from error
        await scope.session.refresh(row)
        await outbox.record(scope, CustomersChanged(customer_ids=(id,)))
    return row


async def delete(scope: Scope, id: CustomerId) -> None:
    customers = CustomerRepository(scope)
    row = await customers.get_unheld(id)
    if await InvoiceRepository(scope).of_customer(id):
        raise CustomerHasInvoices("This customer has documents.")
    await customers.remove(row)


async def upsert(scope: Scope, rows: Sequence[object]) -> list[Outcome]:
    """Make or overwrite customers by external_id; a row that is refused changes nothing."""
    customers = CustomerRepository(scope)
    drafts, refused = batch.read(rows, CustomerRequest)
    there = {row.external_id: row for row in await customers.named_locked(sorted(drafts))}
    changed, same = _changed(drafts, there)
    if changed:
        await customers.change([values for _, values in changed])
        ids = tuple(sorted(values["id"] for _, values in changed))
        await outbox.record(scope, CustomersChanged(customer_ids=ids))
    new = [
        (drafts[name], {"id": CustomerId(new_id()), **_values(drafts[name].request)})
        for name in sorted(drafts.keys() - there.keys())
    ]
    made = await customers.insert([values for _, values in new]) if new else set()
    updated = [Outcome(draft.index, "updated", values["id"]) for draft, values in changed]
    return batch.in_order(*refused, *same, *updated, *batch.inserted(made, new))


def _changed(
    drafts: dict[str, Draft[CustomerRequest]], there: dict[str | None, Customer]
) -> tuple[list[tuple[Draft[CustomerRequest], Row]], list[Outcome]]:
    changed: list[tuple[Draft[CustomerRequest], Row]] = []
    same: list[Outcome] = []
    for name, row in there.items():
        draft = drafts[name or ""]
        values = _values(draft.request)
        if batch.differs(row, values):
            changed.append((draft, {"id": row.id, **values}))
        else:
            same.append(Outcome(draft.index, "unchanged", row.id))
    return changed, same


def _values(request: CustomerRequest) -> Row:
    return {**request.model_dump(exclude={"metadata"}), "metadata_": dict(request.metadata)}
