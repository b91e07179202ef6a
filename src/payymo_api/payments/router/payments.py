from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import PaymentRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.payments import PaymentRepository
from payymo_api.payments.schemas.payments import PaymentAnswer, PaymentFilters
from payymo_api.payments.service.answers import payment_answer

router = api_router("/stripe/payments", "stripe_payments")


@router.get("")
async def list_stripe_payments(
    scope: ScopeDep, filters: Annotated[PaymentFilters, Query()]
) -> Listing[PaymentAnswer]:
    """List Stripe payments, newest first by when Stripe made them."""
    page = await PaymentRepository(scope).page(filters)
    return Listing[PaymentAnswer].of(page, payment_answer)


@router.get("/{payment_id}")
async def get_stripe_payment(scope: ScopeDep, payment_id: PaymentRef) -> PaymentAnswer:
    """Read one Stripe payment, as Stripe told of it last."""
    return payment_answer(await PaymentRepository(scope).get(payment_id))
