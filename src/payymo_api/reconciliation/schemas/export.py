from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Day, Filters, Instant
from payymo_api.core.refs import MatchRef, TransactionRef
from payymo_api.reconciliation.schemas import DocumentType, MatchStatus, Probability, Reason, Source


class ExportQuery(Filters):
    format: Annotated[Literal["csv", "json"], Field(description="What to write.")] = "csv"
    status: Annotated[MatchStatus | None, Field(description="Active or undone.")] = None
    source: Annotated[Source | None, Field(description="Who made it.")] = None


class ExportedAllocation(Answer):
    """An allocation of a match, with what a bookkeeper wants to see of line and document."""

    match_id: MatchRef
    status: MatchStatus
    source: Source
    probability: Probability | None
    evidence: Sequence[str]
    note: str | None
    created_by: str
    created_at: Instant
    undone_at: Instant | None
    transaction_id: TransactionRef
    booked_on: Day
    counterparty_name: str | None
    description: str
    document_type: DocumentType
    document_id: Annotated[str, Field(examples=["inv_06ghq1m2dpuh5c9s2rcmo3g8d4"])]
    document_number: str | None
    amount: AmountOut
    amount_minor: int
    currency: str
    document_amount: AmountOut
    document_amount_minor: int
    document_currency: str
    write_off: Annotated[AmountOut | None, Field(description="In the document's currency.")]
    write_off_minor: int
    write_off_reason: Reason | None


MEDIA_TYPES: Final = {"csv": "text/csv", "json": "application/json"}
CSV: Final[dict[str, Any]] = {
    MEDIA_TYPES["csv"]: {
        "schema": {"type": "string", "description": "RFC 4180; the first line has the names."},
        "example": ",".join(ExportedAllocation.model_fields),
    }
}
