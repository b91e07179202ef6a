"""The trace: from a bank line down to the invoices, and back."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Day
from payymo_api.core.refs import (
    AccountRef,
    BalanceTransactionRef,
    InvoiceRef,
    MatchRef,
    PaymentRef,
    PayoutRef,
    TransactionRef,
)
from payymo_api.payments.schemas.payments import PaymentStatus
from payymo_api.payments.schemas.payouts import PayoutStatus, ReconciliationStatus
from payymo_api.payments.schemas.words import one_of
from payymo_api.reconciliation.schemas import DocumentType, MoneySum


class TracedLine(Answer):
    transaction_id: TransactionRef
    account_id: AccountRef
    booked_on: Day
    description: str
    amount: AmountOut
    amount_minor: int
    currency: str
    settled_minor: Annotated[int, Field(description="What its matches add up to.")]


class TracedMatch(Answer):
    """What of a line goes to a document."""

    match_id: MatchRef
    transaction_id: TransactionRef
    document_type: DocumentType
    document_id: Annotated[str, Field(examples=["spo_06ghq1m2dpuh5c9s2rcmo3g8d4"])]
    amount: AmountOut
    amount_minor: int
    currency: str


class CategorySum(Answer):
    reporting_category: Annotated[str, Field(examples=["charge"], description="Stripe's.")]
    count: int
    amount: AmountOut
    amount_minor: int
    currency: str
    fee: AmountOut
    fee_minor: int
    net: AmountOut
    net_minor: int


class TracedPayout(Answer):
    """The nets of `sums` add up to `parts_net_minor`, and that to the payout if it is complete."""

    payout_id: PayoutRef
    stripe_id: Annotated[str, Field(examples=["po_1PExample"])]
    status: Annotated[str, one_of(PayoutStatus)]
    arrival_on: Day
    amount: AmountOut
    amount_minor: int
    currency: str
    reconciliation_status: ReconciliationStatus
    parts_net_minor: int | None
    sums: Annotated[Sequence[CategorySum], Field(description="All of its parts.")]
    invoiced: Annotated[
        Sequence[MoneySum], Field(description="What its payments settle of invoices.")
    ]


class TracedInvoice(Answer):
    """What a payment settles of an invoice."""

    invoice_id: InvoiceRef
    number: str
    amount: AmountOut
    amount_minor: int
    currency: str


class TracedPayment(Answer):
    payment_id: PaymentRef
    stripe_id: Annotated[str, Field(examples=["pi_3PExample"])]
    status: Annotated[str, one_of(PaymentStatus)]
    amount: AmountOut
    amount_minor: int
    currency: str
    amount_received_minor: int
    amount_refunded_minor: int
    amount_lost_minor: int
    invoices: Sequence[TracedInvoice]


class TracedPart(Answer):
    """A balance transaction; amount less fee is net."""

    balance_transaction_id: BalanceTransactionRef
    stripe_id: Annotated[str, Field(examples=["txn_1PExample"])]
    payout_id: PayoutRef | None
    type: Annotated[str, Field(examples=["charge"])]
    reporting_category: Annotated[str, Field(examples=["charge"])]
    amount: AmountOut
    amount_minor: int
    currency: str
    fee: AmountOut
    fee_minor: int
    net: AmountOut
    net_minor: int
    source: Annotated[str | None, Field(examples=["ch_3PExample"])]
    payment_id: PaymentRef | None


class LineTrace(Answer):
    """Bank line -> matches -> payouts -> balance transactions -> payments -> invoices.

    `data` is a page of the parts of all the payouts; `payments` has those that the page names.
    """

    transaction: TracedLine
    matches: Sequence[TracedMatch]
    payouts: Sequence[TracedPayout]
    data: Sequence[TracedPart]
    payments: Sequence[TracedPayment]
    has_more: bool
    next_cursor: str | None


class OriginTrace(Answer):
    """Payments -> balance transactions -> payouts -> matches -> bank lines; 200 of each at most.

    `matches` has the lines that pay the invoice itself too.
    """

    payments: Sequence[TracedPayment]
    parts: Sequence[TracedPart]
    payouts: Sequence[TracedPayout]
    matches: Sequence[TracedMatch]
    transactions: Sequence[TracedLine]
