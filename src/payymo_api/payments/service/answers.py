"""Rows as answers, and as the data of events."""

from typing import Any

from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.payments.models import StripePayment
from payymo_api.payments.schemas.payments import PaymentAnswer, PaymentFailure, PaymentMethodBrief

_SHOWN = PaymentAnswer.model_fields.keys() - {
    "amount",
    "failure",
    "livemode",
    "metadata",
    "payment_method",
}


def payment_answer(row: StripePayment) -> PaymentAnswer:
    return PaymentAnswer(
        **_columns(row),
        **money_fields(Money(row.amount_minor, row.currency)),
        livemode=row.raw["livemode"],
        metadata=row.metadata_,
        payment_method=_payment_method(row),
        failure=_failure(row),
    )


def _columns(row: StripePayment) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN - {"amount_minor", "currency"}}


def _payment_method(row: StripePayment) -> PaymentMethodBrief | None:
    if row.payment_method_type is None:
        return None
    return PaymentMethodBrief(
        type=row.payment_method_type, brand=row.payment_method_brand, last4=row.payment_method_last4
    )


def _failure(row: StripePayment) -> PaymentFailure | None:
    if row.failure_code is None:
        return None
    return PaymentFailure(
        code=row.failure_code, decline_code=row.decline_code, message=row.failure_message
    )
