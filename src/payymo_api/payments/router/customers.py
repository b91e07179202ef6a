from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import StripeCustomerRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.billing import StripeCustomerRepository
from payymo_api.payments.router.attempts import AttemptDep
from payymo_api.payments.schemas.customers import (
    StripeCustomerAnswer,
    StripeCustomerChange,
    StripeCustomerFilters,
    StripeCustomerRequest,
)
from payymo_api.payments.service import customers as service
from payymo_api.payments.service.billing_answers import customer_answer

router = api_router("/stripe/customers", "stripe_customers")


@router.get("")
async def list_stripe_customers(
    scope: ScopeDep, filters: Annotated[StripeCustomerFilters, Query()]
) -> Listing[StripeCustomerAnswer]:
    """List customers at Stripe, the newest there first."""
    page = await StripeCustomerRepository(scope).page(filters)
    return Listing[StripeCustomerAnswer].of(page, customer_answer)


@router.post("", status_code=201)
async def create_stripe_customer(
    attempt: AttemptDep, request: StripeCustomerRequest
) -> StripeCustomerAnswer:
    """Make a customer at Stripe, whom subscriptions and invoices are for."""
    return await service.create_customer(attempt, request)


@router.get("/{stripe_customer_id}")
async def get_stripe_customer(
    scope: ScopeDep, stripe_customer_id: StripeCustomerRef
) -> StripeCustomerAnswer:
    """Read one customer."""
    return customer_answer(await StripeCustomerRepository(scope).get(stripe_customer_id))


@router.put("/{stripe_customer_id}")
async def replace_stripe_customer(
    attempt: AttemptDep,
    stripe_customer_id: StripeCustomerRef,
    request: StripeCustomerChange,
    if_match: IfMatchDep,
) -> StripeCustomerAnswer:
    """Overwrite a customer at Stripe: a field that is left out becomes empty.

    `default_payment_method` alone stays as it is where it is left out.
    """
    return await service.change_customer(attempt, stripe_customer_id, request, if_match)
