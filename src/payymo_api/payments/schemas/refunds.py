from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import AmountIn, AmountOut, Answer, Instant, MinorIn, Paging, Request
from payymo_api.core.refs import PaymentFilter, PaymentRef, RefundRef, StripeConnectionRef
from payymo_api.payments.schemas.payment_requests import StripeMetadata
from payymo_api.payments.schemas.words import one_of

RefundStatus = Literal["pending", "requires_action", "succeeded", "failed", "canceled"]


class RefundRequest(Request):
    """Money to give back, in the payment's currency."""

    amount: Annotated[
        AmountIn | None, Field(description="Or amount_minor; without both, all that is left.")
    ] = None
    amount_minor: Annotated[MinorIn | None, Field(description="Or amount.")] = None
    reason: Annotated[
        Literal["duplicate", "fraudulent", "requested_by_customer"] | None,
        Field(description="`fraudulent` also puts the card on your block list at Stripe."),
    ] = None
    metadata: StripeMetadata = {}


class RefundFilters(Paging):
    status: Annotated[RefundStatus | None, Field(description="Only these.")] = None
    payment_id: Annotated[
        PaymentFilter | None, Field(description="Only those of this payment.")
    ] = None


class RefundAnswer(Answer):
    id: RefundRef
    connection_id: StripeConnectionRef
    stripe_id: Annotated[str, Field(examples=["re_3PExample"])]
    payment_id: Annotated[
        PaymentRef | None, Field(description="Null for a charge that no PaymentIntent made.")
    ]
    status: Annotated[
        str,
        one_of(
            RefundStatus, "`succeeded` may still become `failed`: the money is yours again then."
        ),
    ]
    amount: AmountOut
    amount_minor: int
    currency: Annotated[str, Field(examples=["GBP"])]
    charge: Annotated[str | None, Field(examples=["ch_3PExample"])]
    balance_transaction: Annotated[str | None, Field(examples=["txn_3PExample"])]
    reason: str | None
    failure_reason: Annotated[str | None, Field(examples=["expired_or_canceled_card"])]
    metadata: Annotated[dict[str, str], Field(description="The refund's, at Stripe.")]
    stripe_created_at: Annotated[Instant, Field(description="When it was made at Stripe.")]
    created_at: Instant
    updated_at: Instant
