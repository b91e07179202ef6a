from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from payymo_api.banking.schemas.accounts import AccountStatus
from payymo_api.core.addresses import WebAddress
from payymo_api.core.fields import Answer, Code, Country, Day, Instant, Name, Paging, Request
from payymo_api.core.refs import AccountRef, ConnectionRef, RunRef
from payymo_api.core.troubles import Trouble

Provider = Literal["gocardless"]
ConnectionStatus = Literal["pending", "active", "expired", "error", "revoked"]


class InstitutionFilters(Paging):
    country: Annotated[Country, Field(description="ISO 3166-1 alpha-2.", examples=["GB"])]
    q: Annotated[
        str | None, Field(max_length=100, description="Part of the bank's name or BIC.")
    ] = None


class InstitutionAnswer(Answer):
    id: Annotated[str, Field(examples=["ALBION_ALBNGB2L"])]
    name: Annotated[str, Field(examples=["Albion Bank"])]
    bic: str | None
    countries: Sequence[str]
    logo_url: str | None
    history_days: Annotated[int, Field(description="How far back it tells transactions.")]
    consent_days: Annotated[int, Field(description="How long a consent lasts at the most.")]


class ConnectionFilters(Paging):
    status: Annotated[ConnectionStatus | None, Field(description="Only these.")] = None


class ConnectionRequest(Request):
    institution_id: Annotated[
        Code,
        Field(description="Of `GET /api/v1/institutions`.", examples=["ALBION_ALBNGB2L"]),
    ]
    redirect_url: Annotated[
        WebAddress,
        Field(
            description="Where the account holder goes after the bank, with `connection_id` and "
            "`status` added to the query.",
            examples=["https://app.example.com/banks/done"],
        ),
    ]
    provider: Annotated[Provider, Field(description="Who reaches the bank.")] = "gocardless"
    history_days: Annotated[
        int, Field(ge=1, le=730, description="History to read at first, as far as the bank goes.")
    ] = 90
    reference: Annotated[
        Name | None, Field(description="Your own name for the connection.", examples=["main"])
    ] = None


class ReauthorizeRequest(Request):
    redirect_url: Annotated[
        WebAddress | None, Field(description="Instead of the connection's own.")
    ] = None


class InstitutionBrief(Answer):
    id: str
    name: str
    bic: str | None
    logo_url: str | None


class AccountBrief(Answer):
    id: AccountRef
    name: str | None
    iban: str | None
    currency: str
    status: AccountStatus
    last_synced_at: Instant | None


class ConnectionAnswer(Answer):
    id: ConnectionRef
    provider: Provider
    status: ConnectionStatus
    institution: InstitutionBrief
    reference: str | None
    redirect_url: str
    history_days: int
    authorization_url: Annotated[
        str | None, Field(description="Send the account holder there; null when there is no need.")
    ]
    expires_at: Annotated[Instant | None, Field(description="When the consent ends.")]
    days_left: Annotated[int | None, Field(description="Whole days until `expires_at`.")]
    accounts: Sequence[AccountBrief]
    last_synced_at: Instant | None
    next_sync_at: Annotated[Instant | None, Field(description="The first of its accounts.")]
    error: Annotated[
        Trouble | None, Field(description="The worst of its accounts' troubles, or the consent's.")
    ]
    created_at: Instant
    updated_at: Instant


class RunError(Answer):
    code: str
    detail: str


class RunWarning(Answer):
    code: Annotated[str, Field(examples=["balance_mismatch"])]
    detail: str


class RunAnswer(Answer):
    """One reading of an account, or of a statement file into it."""

    id: RunRef
    account_id: AccountRef
    connection_id: ConnectionRef | None
    trigger: Literal["connected", "schedule", "refresh", "import"]
    status: Literal["queued", "running", "succeeded", "failed"]
    window_from: Annotated[Day | None, Field(description="First day asked for.")]
    window_to: Annotated[Day | None, Field(description="Last day asked for.")]
    added: int
    modified: int
    removed: int
    paired: Annotated[int, Field(description="Lines that another source had told before.")]
    unchanged: int
    warnings: Sequence[RunWarning]
    error: Annotated[
        RunError | None, Field(description="Why it failed, or why a queued run waits.")
    ]
    started_at: Instant
    ended_at: Instant | None


class SkippedAccount(Answer):
    account_id: AccountRef
    available_at: Annotated[Instant, Field(description="When the bank allows the next call.")]


class RefreshAnswer(Answer):
    connection_id: ConnectionRef
    runs: Annotated[Sequence[RunAnswer], Field(description="Also one that was already under way.")]
    skipped: Annotated[
        Sequence[SkippedAccount], Field(description="Accounts without calls left for now.")
    ]
