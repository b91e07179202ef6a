from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from payymo_api.core.errors import PayymoError
from payymo_api.core.fields import AmountOut, Answer, Instant, Paging, Request
from payymo_api.core.refs import (
    InvoiceFilter,
    MatchRef,
    SuggestionRef,
    TransactionFilter,
    TransactionRef,
)
from payymo_api.reconciliation.schemas import MatchedDocument, Probability, ProposalAnswer

SuggestionStatus = Literal["pending", "accepted", "rejected", "superseded"]
MOST_ACCEPTED = 1000
MOST_PROPOSALS = 5
LeastProbability = Annotated[
    Decimal,
    Field(ge=0, le=1),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "examples": [0.98]}),
]


class SuggestionFilters(Paging):
    status: Annotated[SuggestionStatus | None, Field(description="How it was decided.")] = None
    transaction_id: Annotated[
        TransactionFilter | None, Field(description="Only for this line.")
    ] = None
    invoice_id: Annotated[
        InvoiceFilter | None, Field(description="Only those that name this document.")
    ] = None
    min_probability: Annotated[
        LeastProbability | None, Field(description="At least as probable as this.")
    ] = None


class SuggestionAnswer(Answer):
    """What a line may be for; a person decides."""

    id: SuggestionRef
    status: SuggestionStatus
    transaction_id: TransactionRef
    amount: Annotated[AmountOut, Field(description="The line's.")]
    amount_minor: int
    currency: str
    probability: Annotated[Probability, Field(description="Of the first proposal.")]
    proposals: Annotated[Sequence[ProposalAnswer], Field(description="Best first, at most 5.")]
    because: Annotated[str | None, Field(description="Why it was not matched automatically.")]
    to_change: Annotated[str | None, Field(description="What would turn the decision.")]
    match_id: Annotated[MatchRef | None, Field(description="What accepting it made.")]
    decided_by: Annotated[str | None, Field(description="The API key's id.")]
    decided_at: Instant | None
    created_at: Instant


class AcceptRequest(Request):
    model_config = ConfigDict(json_schema_extra={"examples": [{"proposal": 0}]})

    proposal: Annotated[
        int,
        Field(
            ge=0, lt=MOST_PROPOSALS, description="Its place in `proposals`; 0 is the most probable."
        ),
    ] = 0


class BulkAcceptRequest(Request):
    """Accept the first proposal of each of these, or of all that are probable enough."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": ["sug_06h0fghsqpplvbb3u4bvb7okk8"]}]}
    )

    ids: Annotated[list[SuggestionRef] | None, Field(min_length=1, max_length=MOST_ACCEPTED)] = None
    min_probability: Annotated[
        LeastProbability | None, Field(description="At least as probable as this.")
    ] = None

    @model_validator(mode="after")
    def _names_them_one_way(self) -> Self:
        if (self.ids is None) == (self.min_probability is None):
            raise ValueError("give ids or min_probability")
        return self


class Refusal(Answer):
    """Why nothing was done about a row, in the terms of a problem (RFC 9457)."""

    status: Annotated[int, Field(examples=[409])]
    code: Annotated[str, Field(examples=["suggestion_decided"])]
    detail: str

    @classmethod
    def of(cls, error: PayymoError) -> Self:
        return cls(status=error.status, code=error.code, detail=error.detail)


class AcceptResult(Answer):
    suggestion_id: SuggestionRef
    status: Literal["accepted", "error"]
    match_id: MatchRef | None
    error: Refusal | None


class AcceptResults(Answer):
    results: Annotated[Sequence[AcceptResult], Field(description="In the order of `ids`.")]


class LineSuggested(Answer):
    """`data` of `reconciliation.suggested`."""

    suggestion_id: SuggestionRef
    transaction_id: TransactionRef
    amount: Annotated[AmountOut, Field(description="The line's.")]
    amount_minor: int
    currency: str
    probability: Probability
    documents: Annotated[
        Sequence[MatchedDocument], Field(description="What the first proposal names.")
    ]
