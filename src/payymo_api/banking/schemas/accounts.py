from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from payymo_api.core.fields import (
    AmountOut,
    Answer,
    Currency,
    Day,
    Iban,
    Instant,
    Name,
    Paging,
    Request,
)
from payymo_api.core.refs import AccountRef, ConnectionFilter, ConnectionRef
from payymo_api.core.troubles import Trouble

AccountStatus = Literal["active", "no_feed", "suspended", "closed", "error"]


class AccountFilters(Paging):
    connection_id: Annotated[ConnectionFilter | None, Field(description="Only its accounts.")] = (
        None
    )


class AccountRequest(Request):
    """An account without a feed, filled by statement files."""

    name: Annotated[Name, Field(examples=["Business Current"])]
    currency: Currency
    iban: Annotated[Iban | None, Field(examples=["GB33BUKB20201555555555"])] = None
    other_id: Annotated[
        Name | None, Field(description="What the bank's files call it when they name no IBAN.")
    ] = None
    owner_name: Name | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.iban is None and self.other_id is None:
            raise ValueError("iban or other_id is needed to recognise the account in files")
        return self


class BalanceAnswer(Answer):
    type: Annotated[str, Field(examples=["closingBooked"], description="As the bank names it.")]
    amount: AmountOut
    amount_minor: int
    currency: str
    reference_on: Day | None


class AccountAnswer(Answer):
    id: AccountRef
    connection_id: ConnectionRef | None
    name: str | None
    owner_name: str | None
    iban: str | None
    other_id: str | None
    currency: str
    status: Annotated[
        AccountStatus,
        Field(
            description="`no_feed`: statement files only; `suspended`: by the bank, tried once a "
            "day; `closed`: at the bank; `error`: its holder alone can mend it, see `error`."
        ),
    ]
    error: Trouble | None
    balances: Sequence[BalanceAnswer]
    balances_at: Instant | None
    last_synced_at: Instant | None
    next_sync_at: Instant | None
    calls_left: Annotated[
        int | None,
        Field(description="Readings that the bank still allows now; null without a feed."),
    ]
    calls_reset_at: Annotated[
        Instant | None, Field(description="When one more is allowed than `calls_left`.")
    ]
    created_at: Instant
    updated_at: Instant
