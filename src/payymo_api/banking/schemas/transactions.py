from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from payymo_api.banking.rules.categorising import CategorySource
from payymo_api.core.fields import (
    AmountOut,
    Answer,
    Code,
    Currency,
    Day,
    Filters,
    Instant,
    MinorIn,
    Paging,
    Request,
    Text,
)
from payymo_api.core.refs import (
    AccountFilter,
    AccountRef,
    ConnectionFilter,
    ConnectionRef,
    TransactionRef,
)

LineStatus = Literal["booked", "pending"]
MatchState = Literal["unmatched", "suggested", "partial", "matched", "ignored"]


def _findable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text may not hold NUL")
    return text


Words = Annotated[str, Field(max_length=200), AfterValidator(_findable)]


class LineFilters(Filters):
    """Which transactions; all that are given must hold."""

    account_id: Annotated[AccountFilter | None, Field(description="Of this account.")] = None
    connection_id: Annotated[ConnectionFilter | None, Field(description="Of its accounts.")] = None
    direction: Annotated[
        Literal["in", "out"] | None, Field(description="Money in is positive.")
    ] = None
    status: Annotated[LineStatus | None, Field(description="Booked or still pending.")] = None
    category: Annotated[Words | None, Field(description="Exactly this category.")] = None
    match_state: Annotated[MatchState | None, Field(description="How far it is matched.")] = None
    currency: Annotated[Currency | None, Field(description="ISO 4217.")] = None
    min_amount_minor: Annotated[
        MinorIn | None, Field(description="Least signed amount, in minor units.")
    ] = None
    max_amount_minor: Annotated[
        MinorIn | None, Field(description="Greatest signed amount, in minor units.")
    ] = None
    date_from: Annotated[Day | None, Field(description="First `booked_on`.")] = None
    date_to: Annotated[Day | None, Field(description="Last `booked_on`.")] = None
    q: Annotated[
        Words | None,
        Field(description="Part of description, counterparty, reference or note, any case."),
    ] = None
    updated_since: Annotated[Instant | None, Field(description="Changed then or later.")] = None


class TransactionFilters(LineFilters, Paging):
    sort: Annotated[
        Literal["booked_on", "-booked_on"], Field(description="`-`: latest day first.")
    ] = "-booked_on"


class StatsFilters(LineFilters):
    """The filters of the list; only booked lines unless `status` says otherwise."""

    status: Annotated[LineStatus | None, Field(description="Booked or still pending.")] = "booked"
    period: Annotated[
        Literal["day", "week", "month"], Field(description="Weeks begin on Monday.")
    ] = "month"
    time_zone: Annotated[
        Words,
        Field(
            description="IANA name; it decides which day is today for `last_days`. `booked_on` is "
            "the bank's own date and is never shifted.",
            examples=["Europe/London"],
        ),
    ] = "UTC"
    last_days: Annotated[
        int | None, Field(ge=1, le=3660, description="Only the days up to today, so many.")
    ] = None


class Include(Filters):
    include: Annotated[
        Literal["raw"] | None, Field(description="`raw`: also what the bank sent.")
    ] = None


class Counterparty(Answer):
    name: str | None
    iban: str | None


class FeedFilters(Paging):
    """`cursor` is the `next_cursor` of the page before; without one, the feed's beginning."""


class TransactionAnswer(Answer):
    id: TransactionRef
    account_id: AccountRef
    connection_id: ConnectionRef | None
    status: LineStatus
    amount: AmountOut
    amount_minor: int
    currency: str
    booked_on: Annotated[
        Day, Field(description="The bank's own date; for a pending line its best.")
    ]
    value_on: Day | None
    booked_at: Instant | None
    description: str
    reference: str | None
    end_to_end_id: str | None
    counterparty: Counterparty
    merchant: Annotated[
        str | None,
        Field(
            description="Whom the money came from or went to, made readable.",
            examples=["Corner Cafe"],
        ),
    ]
    category: str | None
    category_source: Annotated[
        CategorySource | None,
        Field(description="Who chose the category; `memory`: a user, for this counterparty."),
    ]
    transfer_of: Annotated[
        TransactionRef | None,
        Field(description="The other line of a transfer between two of your own accounts."),
    ]
    note: str | None
    match_state: MatchState
    settled_minor: Annotated[int, Field(description="Matched so far, with the amount's sign.")]
    raw: Annotated[
        Mapping[str, Any] | None, Field(description="What the bank sent; with `include=raw`.")
    ]
    created_at: Instant
    updated_at: Instant


class TransactionNews(TransactionAnswer):
    """`data` of the transaction events."""

    transaction_id: TransactionRef
    date: Day


class TransactionRequest(Request):
    """Replaces both: what is left out is emptied."""

    category: Annotated[Code | None, Field(examples=["office.supplies"])] = None
    note: Text | None = None


class Categorised(Request):
    id: TransactionRef
    category: Annotated[Code | None, Field(description="null takes the category away.")]


class BatchRequest(Request):
    rows: Annotated[list[Categorised], Field(min_length=1, max_length=1000)]


class RowError(Answer):
    code: str
    detail: str


class RowResult(Answer):
    id: TransactionRef
    status: Literal["updated", "unchanged", "error"]
    error: RowError | None


class BatchAnswer(Answer):
    results: Annotated[Sequence[RowResult], Field(description="One per row, in their order.")]


class Sum(Answer):
    amount: AmountOut
    amount_minor: int


class Sums(Answer):
    currency: str
    count: int
    money_in: Sum
    money_out: Annotated[Sum, Field(description="Zero or negative.")]
    net: Sum


class CategorySums(Sums):
    category: Annotated[str | None, Field(description="null: not categorised.")]


class PeriodSums(Sums):
    starts_on: Annotated[Day, Field(description="First day of the day, week or month.")]


class Matched(Answer):
    count: int
    matched_count: int
    ratio: Annotated[AmountOut | None, Field(description="Of the lines, to four decimals.")]


class StatsAnswer(Answer):
    """Exact sums: integers in minor units, added up by the database."""

    currencies: Sequence[Sums]
    by_category: Sequence[CategorySums]
    by_period: Sequence[PeriodSums]
    matched: Matched
    today: Annotated[Day, Field(description="In `time_zone`.")]


class ImportedNews(Answer):
    """`data` of `transactions.imported`: the summary in place of an event per line."""

    account_id: AccountRef
    count: int
    date_from: Day
    date_to: Day
    currencies: Sequence[Sums]
