from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from payymo_api.core.fields import (
    AmountIn,
    AmountOut,
    Answer,
    Code,
    Instant,
    MinorIn,
    Paging,
    Request,
    Text,
)
from payymo_api.core.refs import (
    CreditRef,
    CustomerRef,
    InvoiceRef,
    MatchRef,
    PaymentRef,
    PayoutRef,
    TransactionRef,
)

DocumentType = Literal["invoice", "credit_note", "payout", "on_account"]
Reason = Literal["discount", "fee", "rounding", "fx", "other"]
Source = Literal["auto", "manual", "suggestion"]
MatchStatus = Literal["active", "undone"]
Probability = Annotated[
    Decimal,
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "examples": [0.995]}),
]


class WriteOffRequest(Request):
    """What closes the document without money, in the document's currency."""

    amount: AmountIn | None = None
    amount_minor: Annotated[MinorIn | None, Field(examples=[200])] = None
    reason: Annotated[Reason, Field(description="Why the money is not asked for.")]


class AllocationRequest(Request):
    """How much of a line is for a document. Negative where money goes the other way."""

    transaction_id: TransactionRef
    document_type: DocumentType
    document_id: Annotated[
        Code,
        Field(
            examples=["inv_06ghq1m2dpuh5c9s2rcmo3g8d4"],
            description="`inv_…` for an invoice or a credit note, `spo_…` for a payout. For "
            "`on_account`: the `cust_…` whose credit the amount becomes, or (negative amount) the "
            "`cred_…` that is used, on its own transaction or paid back on one that goes out.",
        ),
    ]
    amount: Annotated[
        AmountIn | None,
        Field(
            description="In the line's currency, or give amount_minor. Positive pays an invoice; "
            "negative nets a credit note, returns a payment or refunds."
        ),
    ] = None
    amount_minor: Annotated[MinorIn | None, Field(examples=[10050])] = None
    document_amount: Annotated[
        AmountIn | None,
        Field(description="The same in the document's currency; only if the currencies differ."),
    ] = None
    document_amount_minor: Annotated[MinorIn | None, Field(examples=[12000])] = None
    write_off: WriteOffRequest | None = None


class MatchRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "allocations": [
                        {
                            "transaction_id": "tr_06h0fghsqpplvbb3u4bvb7okk8",
                            "document_type": "invoice",
                            "document_id": "inv_06h0fghsqpplvbb3u4bvb7okk8",
                            "amount": "98.00",
                            "write_off": {"amount": "2.50", "reason": "discount"},
                        }
                    ],
                    "note": "2.50 early-payment discount, agreed by phone",
                }
            ]
        }
    )

    allocations: Annotated[list[AllocationRequest], Field(min_length=1, max_length=200)]
    note: Annotated[Text | None, Field(description="Why, for whoever reads it later.")] = None


class WriteOff(Answer):
    amount: AmountOut
    amount_minor: int
    currency: str
    reason: Reason


class AllocationAnswer(Answer):
    transaction_id: TransactionRef
    document_type: DocumentType
    document_id: Annotated[str, Field(examples=["inv_06ghq1m2dpuh5c9s2rcmo3g8d4"])]
    amount: AmountOut
    amount_minor: int
    currency: str
    document_amount: AmountOut
    document_amount_minor: int
    document_currency: str
    write_off: WriteOff | None


class Evidence(Answer):
    code: Annotated[str, Field(examples=["number"], description="What kind of evidence it is.")]
    text: Annotated[str, Field(examples=["The reference names INV-2026-0042."])]


class ProposalAnswer(Answer):
    """One answer to what a line is for."""

    probability: Annotated[Probability, Field(description="That it is the right one.")]
    allocations: Annotated[
        Sequence[AllocationAnswer],
        Field(description="For `on_account`, the `cust_…` whose credit the amount becomes."),
    ]
    evidence: Annotated[Sequence[Evidence], Field(description="Why, in a bookkeeper's words.")]


class RunnerUp(ProposalAnswer):
    because: Annotated[str | None, Field(description="Why it lost.")]


class MatchAnswer(Answer):
    id: MatchRef
    status: MatchStatus
    source: Source
    probability: Probability | None
    evidence: Annotated[Sequence[str], Field(description="Why, in a bookkeeper's words.")]
    runner_up: Annotated[
        RunnerUp | None, Field(description="The second-best answer, where there is one.")
    ]
    note: str | None
    created_by: Annotated[str, Field(description="The API key's id, or `engine`.")]
    created_at: Instant
    undone_by: str | None
    undone_at: Instant | None
    allocations: Sequence[AllocationAnswer]


class MatchFilters(Paging):
    transaction_id: Annotated[Code | None, Field(description="Only with this line.")] = None
    document_id: Annotated[
        Code | None, Field(description="Only with this invoice, credit note, payout or credit.")
    ] = None
    source: Annotated[Source | None, Field(description="Who made it.")] = None
    status: Annotated[MatchStatus | None, Field(description="Active or undone.")] = None


class CreditFilters(Paging):
    customer_id: Annotated[Code | None, Field(description="Of this customer.")] = None
    currency: Annotated[Code | None, Field(description="ISO 4217.")] = None


class CreditAnswer(Answer):
    """Money of a customer that no document has taken yet."""

    id: CreditRef
    customer_id: CustomerRef | None
    transaction_id: Annotated[TransactionRef, Field(description="The line that brought it.")]
    amount: AmountOut
    amount_minor: int
    currency: str
    used_minor: int
    left_minor: int
    created_at: Instant


class LineSum(Answer):
    match_state: Literal["unmatched", "suggested", "partial", "matched", "ignored"]
    direction: Literal["credit", "debit"]
    count: int
    amount: AmountOut
    amount_minor: int
    currency: str
    settled_minor: int


class DocumentSum(Answer):
    kind: Literal["invoice", "credit_note"]
    status: Literal["open", "partially_paid", "paid", "void"]
    count: int
    amount: AmountOut
    amount_minor: int
    currency: str
    open_minor: int


class AgeSum(Answer):
    days_overdue: Literal["not_due", "1-30", "31-60", "61-90", "over_90"]
    count: int
    amount: AmountOut
    amount_minor: int
    currency: str


class MoneySum(Answer):
    count: int
    amount: AmountOut
    amount_minor: int
    currency: str


class StatusAnswer(Answer):
    """Where reconciliation stands now."""

    lines: Annotated[Sequence[LineSum], Field(description="Booked bank lines by match state.")]
    invoices: Sequence[DocumentSum]
    ageing: Annotated[
        Sequence[AgeSum], Field(description="What is open of invoices, by days overdue (UTC).")
    ]
    unexplained: Annotated[
        Sequence[MoneySum], Field(description="Booked money in that no match explains yet.")
    ]
    on_account: Annotated[Sequence[MoneySum], Field(description="Customers' unused credit.")]
    as_of: date


class MatchedDocument(Answer):
    document_type: DocumentType
    document_id: str
    amount: AmountOut
    amount_minor: int


class LineMatched(Answer):
    """`data` of `transaction.matched` and `transaction.unmatched`."""

    transaction_id: TransactionRef
    match_id: MatchRef
    amount: Annotated[AmountOut, Field(description="What the match explains of the line.")]
    amount_minor: int
    currency: str
    source: Source
    documents: Sequence[MatchedDocument]


class InvoiceMoved(Answer):
    """`data` of `invoice.paid` and `invoice.partially_paid`."""

    invoice_id: InvoiceRef
    number: str
    external_id: str | None
    customer_id: CustomerRef | None
    amount: AmountOut
    amount_minor: int
    currency: str
    settled_minor: int
    open_minor: int
    match_id: Annotated[MatchRef | None, Field(description="Where a match has settled it.")]
    payment_id: Annotated[
        PaymentRef | None, Field(description="Where a Stripe payment has settled it.")
    ]


class PayoutReconciled(Answer):
    """`data` of `stripe_payout.reconciled`."""

    id: PayoutRef
    stripe_id: str
    amount: AmountOut
    amount_minor: int
    currency: str
    transaction_id: Annotated[TransactionRef, Field(description="The line that brought it.")]
    match_id: MatchRef
