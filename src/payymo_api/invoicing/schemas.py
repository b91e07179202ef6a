from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SkipValidation,
    StringConstraints,
    WithJsonSchema,
)

from payymo_api.core.errors import PayymoError
from payymo_api.core.fields import (
    AmountIn,
    AmountOut,
    Answer,
    Code,
    Country,
    Currency,
    Day,
    Email,
    Filters,
    Iban,
    Instant,
    Metadata,
    MinorIn,
    Name,
    Paging,
    Request,
)
from payymo_api.core.refs import CustomerRef, InvoiceRef
from payymo_api.invoicing import rules

MOST_ROWS = 1000
Kind = Literal["invoice", "credit_note"]


def _reference(text: str) -> str:
    if text.upper().startswith("RF") and not rules.is_rf_reference(text):
        raise ValueError("a reference that starts with RF has ISO 11649 check digits")
    return text


CreditorReference = Annotated[
    Code,
    AfterValidator(_reference),
    Field(
        examples=["RF18539007547034"],
        description="What the payer is asked to quote. ISO 11649 (RF…) is checked mod 97.",
    ),
]
ExternalId = Annotated[
    Code, Field(examples=["crm-4711"], description="Your own id for it; unique among its kind.")
]
ToSync = Annotated[
    str | None,
    Field(max_length=1000, description="`next_cursor` of the last answer; without it, all."),
]


class CustomerRequest(Request):
    external_id: ExternalId | None = None
    number: Annotated[Code | None, Field(examples=["C-1001"], description="Its number.")] = None
    name: Annotated[Name, Field(examples=["Harbour Foods Ltd"], description="The legal name.")]
    trading_name: Annotated[
        Name | None, Field(examples=["Harbour"], description="The name it trades under.")
    ] = None
    country: Annotated[
        Country | None, Field(examples=["GB"], description="ISO 3166-1, two letters.")
    ] = None
    is_person: Annotated[bool, Field(description="A person, not a company.")] = False
    iban: Annotated[
        list[Iban], Field(max_length=20, description="Accounts that it pays from, as you know.")
    ] = []
    email: Annotated[Email | None, Field(examples=["ap@harbour.example"])] = None
    currency: Annotated[Currency | None, Field(description="What it usually pays in.")] = None
    metadata: Annotated[Metadata, Field(description="Yours: up to 50 texts.")] = {}


class CustomerAnswer(Answer):
    id: CustomerRef
    external_id: str | None
    number: str | None
    name: str
    trading_name: str | None
    country: str | None
    is_person: bool
    iban: list[str]
    email: str | None
    currency: str | None
    metadata: Annotated[dict[str, str], Field(validation_alias="metadata_")]
    created_at: Instant
    updated_at: Instant


class Discount(Request):
    """For early payment: `percent` less if paid within `days` of `issued_on`."""

    percent: Annotated[AmountIn, Field(gt=0, lt=100, max_digits=4, decimal_places=2)]
    days: Annotated[int, Field(ge=0, le=365)]


class InvoiceRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "external_id": "billing-90042",
                    "number": "INV-2026-0042",
                    "customer_id": "cust_06h0fghsqpplvbb3u4bvb7okk8",
                    "issued_on": "2026-11-02",
                    "due_on": "2026-12-02",
                    "amount": "100.50",
                    "currency": "GBP",
                    "creditor_reference": "RF18539007547034",
                    "discount": {"percent": "2.00", "days": 10},
                }
            ]
        }
    )

    external_id: ExternalId | None = None
    number: Annotated[Code, Field(examples=["INV-2026-0042"], description="As the payer sees it.")]
    kind: Annotated[Kind, Field(description="A credit note lowers what is owed.")] = "invoice"
    customer_id: Annotated[CustomerRef | None, Field(description="Whom it is for.")] = None
    customer_external_id: Annotated[
        Code | None, Field(description="In place of customer_id: your own id for the customer.")
    ] = None
    issued_on: Annotated[Day, Field(examples=["2026-11-02"])]
    due_on: Annotated[Day | None, Field(examples=["2026-12-02"])] = None
    amount: Annotated[
        AmountIn | None, Field(description="The total, above 0; or give amount_minor.")
    ] = None
    amount_minor: Annotated[
        MinorIn | None, Field(examples=[10050], description="The total in minor units.")
    ] = None
    currency: Currency
    status: Annotated[
        Literal["open", "void"],
        Field(
            description="`void` cancels it, if no money is matched with it; else the status "
            "follows the money."
        ),
    ] = "open"
    creditor_reference: CreditorReference | None = None
    po_number: Annotated[Code | None, Field(description="The customer's order number.")] = None
    collection_method: Annotated[
        Code | None, Field(examples=["direct_debit"], description="How the money is fetched.")
    ] = None
    collection_on: Annotated[Day | None, Field(description="When it is fetched.")] = None
    discount: Discount | None = None
    metadata: Annotated[Metadata, Field(description="Yours: up to 50 texts.")] = {}


class DiscountAnswer(Answer):
    percent: AmountOut
    days: int


class InvoiceAnswer(Answer):
    id: InvoiceRef
    external_id: str | None
    number: str
    kind: Kind
    customer_id: CustomerRef | None
    issued_on: date
    due_on: date | None
    amount: AmountOut
    amount_minor: int
    currency: str
    settled_minor: Annotated[int, Field(description="What matches have settled, write-offs too.")]
    open_minor: Annotated[int, Field(description="What is still to come.")]
    status: rules.Status
    creditor_reference: str | None
    po_number: str | None
    collection_method: str | None
    collection_on: date | None
    discount: DiscountAnswer | None
    source: Annotated[str, Field(description="`api`, or the system that keeps it (read-only).")]
    source_ref: Annotated[
        str | None,
        Field(examples=["in_1QzLk2eZvKYlo2C"], description="That system's own id of it."),
    ]
    source_status: Annotated[
        rules.SourceStatus | None,
        Field(
            description="What that system says of it beyond its money. `void` and `uncollectible` "
            "make `status` void; `paid_elsewhere` makes it paid, and the bank line that brings the "
            "money still matches it."
        ),
    ]
    metadata: dict[str, str]
    created_at: Instant
    updated_at: Instant


class SyncQuery(Filters):
    limit: Annotated[int, Field(ge=1, le=200, description="How many at the most.")] = 50
    cursor: ToSync = None


class CustomerFilters(Paging):
    external_id: Annotated[Code | None, Field(description="Your own id for it.")] = None
    number: Annotated[Code | None, Field(description="Exactly this number.")] = None


class InvoiceFilters(Paging):
    status: Annotated[rules.Status | None, Field(description="Only these.")] = None
    kind: Annotated[Kind | None, Field(description="Invoice or credit note.")] = None
    customer_id: Annotated[Code | None, Field(description="Of this customer.")] = None
    number: Annotated[Code | None, Field(description="Exactly this number.")] = None
    external_id: Annotated[Code | None, Field(description="Your own id for it.")] = None
    source_ref: Annotated[
        Code | None, Field(description="What its source calls it, such as in_… at Stripe.")
    ] = None
    currency: Annotated[
        str | None, StringConstraints(pattern="^[A-Z]{3}$"), Field(description="ISO 4217.")
    ] = None
    issued_from: Annotated[Day | None, Field(description="First day of issue.")] = None
    issued_to: Annotated[Day | None, Field(description="Last day of issue.")] = None
    due_from: Annotated[Day | None, Field(description="First due day.")] = None
    due_to: Annotated[Day | None, Field(description="Last due day.")] = None
    q: Annotated[
        Code | None,
        Field(description="Part of the number, whatever its case."),
    ] = None


Unfit = Annotated[
    Any,
    WithJsonSchema({"description": "A row that is not fit gets an error as its own result."}),
]


class CustomerBatch(Request):
    rows: Annotated[
        list[Annotated[CustomerRequest | Unfit, SkipValidation]],
        Field(min_length=1, max_length=MOST_ROWS, description="Each needs its external_id."),
    ]


class InvoiceBatch(Request):
    rows: Annotated[
        list[Annotated[InvoiceRequest | Unfit, SkipValidation]],
        Field(min_length=1, max_length=MOST_ROWS, description="Each needs its external_id."),
    ]


class RowFault(Answer):
    pointer: Annotated[str, Field(examples=["/rows/3/amount"])]
    code: str
    detail: str


class RowError(Answer):
    """Why a row was left out, in the terms of a problem (RFC 9457)."""

    status: Annotated[int, Field(examples=[422])]
    code: str
    detail: str
    errors: Sequence[RowFault]

    @classmethod
    def of(cls, error: PayymoError) -> Self:
        faults = [RowFault(pointer=x.pointer, code=x.code, detail=x.detail) for x in error.errors]
        return cls(status=error.status, code=error.code, detail=error.detail, errors=faults)


class CustomerRow(Answer):
    index: Annotated[int, Field(description="The row's place in the request, from 0.")]
    status: Literal["created", "updated", "unchanged", "error"]
    id: CustomerRef | None
    error: RowError | None


class InvoiceRow(Answer):
    index: Annotated[int, Field(description="The row's place in the request, from 0.")]
    status: Literal["created", "updated", "unchanged", "error"]
    id: InvoiceRef | None
    error: RowError | None


class CustomerResults(Answer):
    results: Sequence[CustomerRow]


class InvoiceResults(Answer):
    results: Sequence[InvoiceRow]
