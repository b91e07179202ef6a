"""Money given back. Stripe knows how much is left; the payment is asked for anew afterwards."""

from payymo_api.core.types import PaymentId
from payymo_api.payments.schemas.refunds import RefundAnswer, RefundRequest
from payymo_api.payments.service.answers import refund_answer
from payymo_api.payments.service.attempts import Attempt
from payymo_api.payments.service.payments import INTENT, part, payment_of


async def refund_payment(attempt: Attempt, id: PaymentId, request: RefundRequest) -> RefundAnswer:
    payment, connection = await payment_of(attempt, id)
    params = {
        "payment_intent": payment.stripe_id,
        **part(payment, request.amount, request.amount_minor, "amount"),
        **({"reason": request.reason} if request.reason else {}),
        **({"metadata": request.metadata} if request.metadata else {}),
    }
    asked_at = await attempt.asked_at()
    raw = await attempt.create(connection, "refund", params)
    await attempt.refetch(connection, INTENT, payment.stripe_id)
    return refund_answer(await attempt.keep(connection, "refund", raw, asked_at))
