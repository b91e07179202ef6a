from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Code, Currency, Day, Instant, Paging
from payymo_api.core.refs import (
    BalanceTransactionRef,
    PaymentRef,
    PayoutFilter,
    PayoutRef,
    StripeConnectionFilter,
    StripeConnectionRef,
)
from payymo_api.payments.schemas.words import one_of

PayoutStatus = Literal["pending", "in_transit", "paid", "failed", "canceled"]
ReconciliationStatus = Literal["pending", "complete", "mismatch", "untraceable"]


class PayoutFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    status: Annotated[PayoutStatus | None, Field(description="Stripe's word.")] = None
    reconciliation_status: Annotated[
        ReconciliationStatus | None, Field(description="Whether its parts add up to it.")
    ] = None
    matched: Annotated[bool | None, Field(description="Whether its bank line was found.")] = None
    currency: Annotated[Currency | None, Field(description="ISO 4217.")] = None
    arrival_from: Annotated[Day | None, Field(description="First `arrival_on`.")] = None
    arrival_to: Annotated[Day | None, Field(description="Last `arrival_on`.")] = None


class PayoutAnswer(Answer):
    id: PayoutRef
    stripe_id: Annotated[str, Field(examples=["po_1PExample"])]
    connection_id: StripeConnectionRef
    amount: Annotated[AmountOut, Field(description="Negative: Stripe collects it from the bank.")]
    amount_minor: int
    currency: str
    status: Annotated[str, one_of(PayoutStatus, "A paid one may fail days later.")]
    arrival_on: Annotated[Day, Field(description="When the bank is to have it.")]
    method: Annotated[str, Field(examples=["standard"])]
    automatic: bool
    reconciliation_status: Annotated[
        ReconciliationStatus,
        Field(
            description="`pending`: Stripe has not said yet what it is made of. `complete`: its "
            "balance transactions add up to it; `mismatch`: they do not. `untraceable`: manual and "
            "instant payouts are made of the balance as a whole."
        ),
    ]
    parts_net_minor: Annotated[
        int | None, Field(description="What its balance transactions add up to.")
    ]
    settled_minor: Annotated[int, Field(description="The whole amount once its line was found.")]
    description: str | None
    statement_descriptor: str | None
    trace_id: Annotated[str | None, Field(description="What banks call it, if Stripe knows.")]
    failure_code: str | None
    failure_message: str | None
    stripe_created_at: Instant
    created_at: Instant
    updated_at: Instant


class BalanceTransactionFilters(Paging):
    connection_id: Annotated[
        StripeConnectionFilter | None, Field(description="Of this Stripe connection.")
    ] = None
    payout_id: Annotated[PayoutFilter | None, Field(description="Parts of this payout.")] = None
    type: Annotated[Code | None, Field(description="Stripe's type, such as `charge`.")] = None
    reporting_category: Annotated[
        Code | None, Field(description="Stripe's category, such as `refund`.")
    ] = None
    currency: Annotated[Currency | None, Field(description="ISO 4217.")] = None
    source: Annotated[Code | None, Field(description="Stripe's id of what caused it.")] = None


class BalanceTransactionAnswer(Answer):
    """A movement of the Stripe balance: amount less fee is net."""

    id: BalanceTransactionRef
    stripe_id: Annotated[str, Field(examples=["txn_1PExample"])]
    connection_id: StripeConnectionRef
    payout_id: Annotated[PayoutRef | None, Field(description="The payout that it is a part of.")]
    type: Annotated[str, Field(examples=["charge"])]
    reporting_category: Annotated[str, Field(examples=["charge"])]
    status: Annotated[str, one_of(Literal["available", "pending"])]
    amount: AmountOut
    amount_minor: int
    currency: str
    fee: AmountOut
    fee_minor: int
    net: AmountOut
    net_minor: int
    exchange_rate: Annotated[
        str | None, Field(examples=["0.8731"], description="If it was made in another currency.")
    ]
    available_on: Day
    description: str | None
    source: Annotated[
        str | None,
        Field(examples=["ch_3PExample"], description="What caused it; a monthly fee has none."),
    ]
    payment_id: Annotated[
        PaymentRef | None, Field(description="The payment that it is about, if known.")
    ]
    payment_intent: Annotated[str | None, Field(examples=["pi_3PExample"])]
    stripe_created_at: Instant
