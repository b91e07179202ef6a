"""What the tests of Stripe's money for invoices do again and again."""

from typing import Any

from payymo_api.payments.events import StripeInvoicesMoved, StripePaymentsMoved
from payymo_api.reconciliation import tasks
from tests.payments.conftest import Shop

_JOBS = {
    StripePaymentsMoved.name: tasks.settle_by_payments,
    StripeInvoicesMoved.name: tasks.book_stripe_invoices,
}


async def work(shop: Shop) -> None:
    """Run the jobs of all that was recorded so far: of what was done before, once more."""
    for event in await shop.events():
        if event.name in _JOBS:
            await _JOBS[event.name](shop.database, shop.tenant_id, event.payload)


async def paid_for(shop: Shop, invoice: str, amount: int = 10_000, **values: object) -> Any:  # noqa: ANN401  a row
    """A payment at Stripe that names the invoice; its job is done."""
    row = await shop.pay(amount, metadata={"payymo_invoice_id": invoice}, **values)
    await work(shop)
    return row
