"""Customers at Stripe."""

from payymo_api.core.types import StripeCustomerId
from payymo_api.edge.etag import IfMatch
from payymo_api.payments.gateway import Params
from payymo_api.payments.repository.billing import StripeCustomerRepository
from payymo_api.payments.schemas.customers import (
    Address,
    StripeCustomerAnswer,
    StripeCustomerChange,
    StripeCustomerRequest,
)
from payymo_api.payments.service.attempts import Attempt
from payymo_api.payments.service.billing import connection_named, found, given, replaced
from payymo_api.payments.service.billing_answers import customer_answer

CUSTOMER = "customer"
_TEXTS = ("name", "email", "phone", "description")


async def create_customer(attempt: Attempt, request: StripeCustomerRequest) -> StripeCustomerAnswer:
    connection = await connection_named(attempt, request.connection_id)
    method = request.payment_method
    params = given(
        **{name: getattr(request, name) for name in _TEXTS},
        address=_address(request.address),
        metadata=request.metadata or None,
        payment_method=method,
        invoice_settings={"default_payment_method": method} if method else None,
    )
    asked_at = await attempt.asked_at()
    raw = await attempt.stripes.of(connection).create(CUSTOMER, params, key=attempt.key)
    return customer_answer(await attempt.keep(connection, CUSTOMER, raw, asked_at))


async def change_customer(
    attempt: Attempt, id: StripeCustomerId, request: StripeCustomerChange, if_match: IfMatch
) -> StripeCustomerAnswer:
    """Overwrite it as it is at Stripe now."""
    row, connection = await found(attempt, StripeCustomerRepository, id)
    row = await attempt.refetch(connection, CUSTOMER, row.stripe_id)
    if_match.check(customer_answer(row))
    params = {
        **{name: getattr(request, name) or "" for name in _TEXTS},
        "address": _address(request.address) or "",
        "metadata": replaced(row.metadata_, request.metadata),
        **_default(request.default_payment_method),
    }
    asked_at = await attempt.asked_at()
    account = attempt.stripes.of(connection)
    raw = await account.update(CUSTOMER, row.stripe_id, params, key=attempt.key)
    return customer_answer(await attempt.keep(connection, CUSTOMER, raw, asked_at))


def _address(address: Address | None) -> Params | None:
    return None if address is None else address.model_dump(exclude_none=True)


def _default(method: str | None) -> Params:
    return {"invoice_settings": {"default_payment_method": method}} if method else {}
