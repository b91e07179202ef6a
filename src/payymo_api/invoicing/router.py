from typing import Annotated

from fastapi import Query

from payymo_api.core import feed
from payymo_api.core.feed import Feed
from payymo_api.core.fields import Listing
from payymo_api.core.refs import CustomerRef, InvoiceRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.invoicing.models import Customer, Invoice
from payymo_api.invoicing.repository import CustomerRepository, InvoiceRepository
from payymo_api.invoicing.schemas import (
    CustomerAnswer,
    CustomerBatch,
    CustomerFilters,
    CustomerRequest,
    CustomerResults,
    CustomerRow,
    InvoiceAnswer,
    InvoiceBatch,
    InvoiceFilters,
    InvoiceRequest,
    InvoiceResults,
    InvoiceRow,
    SyncQuery,
)
from payymo_api.invoicing.service import customers as customer_service
from payymo_api.invoicing.service import invoices as invoice_service
from payymo_api.invoicing.service.invoices import answer

customers = api_router("/customers", "customers")
invoices = api_router("/invoices", "invoices")


@customers.get("")
async def list_customers(
    scope: ScopeDep, filters: Annotated[CustomerFilters, Query()]
) -> Listing[CustomerAnswer]:
    """List customers, newest first."""
    page = await CustomerRepository(scope).page(filters)
    return Listing[CustomerAnswer].of(page, CustomerAnswer.model_validate)


@customers.post("", status_code=201)
async def create_customer(scope: ScopeDep, request: CustomerRequest) -> CustomerAnswer:
    """Make a customer; 409 `external_id_taken` if there is one with this external_id."""
    return CustomerAnswer.model_validate(await customer_service.create(scope, request))


@customers.post("/batch")
async def upsert_customers(scope: ScopeDep, request: CustomerBatch) -> CustomerResults:
    """Make or overwrite up to 1,000 customers by external_id.

    Each row stands alone: one that is refused has its error in `results` and changes nothing, the
    others are kept. A row overwrites every field, as PUT does.
    """
    results = await customer_service.upsert(scope, request.rows)
    return CustomerResults(results=[CustomerRow.model_validate(each) for each in results])


@customers.get("/sync")
async def sync_customers(
    scope: ScopeDep, query: Annotated[SyncQuery, Query()]
) -> Feed[CustomerAnswer]:
    """Read what was added, modified and removed since `cursor`.

    Keep `next_cursor` and ask again with it; repeat at once while `has_more`.
    """
    found = await feed.changes(scope, Customer, query.cursor, query.limit)
    return Feed[CustomerAnswer].of(found, Customer.prefix, CustomerAnswer.model_validate)


@customers.get("/{customer_id}")
async def get_customer(scope: ScopeDep, customer_id: CustomerRef) -> CustomerAnswer:
    """Read one customer."""
    return CustomerAnswer.model_validate(await CustomerRepository(scope).get(customer_id))


@customers.put("/{customer_id}")
async def replace_customer(
    scope: ScopeDep, customer_id: CustomerRef, request: CustomerRequest, if_match: IfMatchDep
) -> CustomerAnswer:
    """Overwrite a customer: a field that is left out becomes empty."""
    row = await customer_service.replace(scope, customer_id, request, if_match)
    return CustomerAnswer.model_validate(row)


@customers.delete("/{customer_id}", status_code=204)
async def delete_customer(scope: ScopeDep, customer_id: CustomerRef) -> None:
    """Delete a customer; 409 `customer_has_invoices` while documents name it."""
    await customer_service.delete(scope, customer_id)


@invoices.get("")
async def list_invoices(
    scope: ScopeDep, filters: Annotated[InvoiceFilters, Query()]
) -> Listing[InvoiceAnswer]:
    """List invoices and credit notes, newest first."""
    return Listing[InvoiceAnswer].of(await InvoiceRepository(scope).page(filters), answer)


@invoices.post("", status_code=201)
async def create_invoice(scope: ScopeDep, request: InvoiceRequest) -> InvoiceAnswer:
    """Make an invoice or a credit note; open bank lines that name it are matched at once."""
    return answer(await invoice_service.create(scope, request))


@invoices.post("/batch")
async def upsert_invoices(scope: ScopeDep, request: InvoiceBatch) -> InvoiceResults:
    """Make or overwrite up to 1,000 invoices and credit notes by external_id.

    Each row stands alone: one that is refused has its error in `results` and changes nothing, the
    others are kept. A row overwrites every field, as PUT does.
    """
    results = await invoice_service.upsert(scope, request.rows)
    return InvoiceResults(results=[InvoiceRow.model_validate(each) for each in results])


@invoices.get("/sync")
async def sync_invoices(
    scope: ScopeDep, query: Annotated[SyncQuery, Query()]
) -> Feed[InvoiceAnswer]:
    """Read what was added, modified and removed since `cursor`.

    Keep `next_cursor` and ask again with it; repeat at once while `has_more`.
    """
    found = await feed.changes(scope, Invoice, query.cursor, query.limit)
    return Feed[InvoiceAnswer].of(found, Invoice.prefix, answer)


@invoices.get("/{invoice_id}")
async def get_invoice(scope: ScopeDep, invoice_id: InvoiceRef) -> InvoiceAnswer:
    """Read one invoice or credit note."""
    return answer(await InvoiceRepository(scope).get(invoice_id))


@invoices.put("/{invoice_id}")
async def replace_invoice(
    scope: ScopeDep, invoice_id: InvoiceRef, request: InvoiceRequest, if_match: IfMatchDep
) -> InvoiceAnswer:
    """Overwrite a document: a field that is left out becomes empty.

    409 `invoice_below_settled` if the amount falls below what is settled; 409 `invoice_settled` if
    it is made void, or its currency or kind changes, while money is matched with it.
    """
    return answer(await invoice_service.replace(scope, invoice_id, request, if_match))


@invoices.delete("/{invoice_id}", status_code=204)
async def delete_invoice(scope: ScopeDep, invoice_id: InvoiceRef) -> None:
    """Delete a document; 409 `invoice_settled` while money is matched with it."""
    await invoice_service.delete(scope, invoice_id)
