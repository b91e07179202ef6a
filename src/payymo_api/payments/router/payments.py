from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import PaymentRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.payments import PaymentRepository
from payymo_api.payments.router.attempts import DECLINED, AttemptDep
from payymo_api.payments.schemas.payment_requests import (
    CancelRequest,
    CaptureRequest,
    PaymentRequest,
)
from payymo_api.payments.schemas.payments import PaymentAnswer, PaymentFilters, PaymentMade
from payymo_api.payments.schemas.refunds import RefundAnswer, RefundRequest
from payymo_api.payments.service import payments as service
from payymo_api.payments.service import refunds
from payymo_api.payments.service.answers import payment_answer

router = api_router("/stripe/payments", "stripe_payments")


@router.get("")
async def list_stripe_payments(
    scope: ScopeDep, filters: Annotated[PaymentFilters, Query()]
) -> Listing[PaymentAnswer]:
    """List Stripe payments, newest first by when Stripe made them."""
    page = await PaymentRepository(scope).page(filters)
    return Listing[PaymentAnswer].of(page, payment_answer)


@router.post("", status_code=201, responses={402: DECLINED})
async def create_stripe_payment(attempt: AttemptDep, request: PaymentRequest) -> PaymentMade:
    """Take a payment by Stripe. Give `client_secret` to Stripe Elements on the payer's page.

    Whether it succeeds is told by `stripe_payment.succeeded`, `.failed` and `.requires_action`,
    and by reading it again. With `confirm` a method that Stripe keeps is charged at once: 402 if it
    is declined. Send an Idempotency-Key: a repeated request never charges twice.
    """
    return await service.create_payment(attempt, request)


@router.get("/{payment_id}")
async def get_stripe_payment(scope: ScopeDep, payment_id: PaymentRef) -> PaymentAnswer:
    """Read one Stripe payment, as Stripe told of it last."""
    return payment_answer(await PaymentRepository(scope).get(payment_id))


@router.post("/{payment_id}/capture")
async def capture_stripe_payment(
    attempt: AttemptDep, payment_id: PaymentRef, request: CaptureRequest
) -> PaymentAnswer:
    """Take the money that was authorised, or a part of it; the rest is let go."""
    return await service.capture_payment(attempt, payment_id, request)


@router.post("/{payment_id}/cancel")
async def cancel_stripe_payment(
    attempt: AttemptDep, payment_id: PaymentRef, request: CancelRequest
) -> PaymentAnswer:
    """Give a payment up that has not succeeded; what was authorised is let go."""
    return await service.cancel_payment(attempt, payment_id, request)


@router.post("/{payment_id}/refunds", status_code=201)
async def refund_stripe_payment(
    attempt: AttemptDep, payment_id: PaymentRef, request: RefundRequest
) -> RefundAnswer:
    """Give money back, all or a part. 422 for more than is left, 409 if nothing is."""
    return await refunds.refund_payment(attempt, payment_id, request)
