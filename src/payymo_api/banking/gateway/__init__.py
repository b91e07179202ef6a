"""What we need from a bank-data provider, in our words; one file per provider beside this one.

Every call raises `banking.errors` (ProviderError and its kin), never the provider's own exceptions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from payymo_api.banking.lines import Balance as Balance
from payymo_api.banking.lines import BankTransaction as BankTransaction


@dataclass(frozen=True, slots=True)
class Institution:
    """A bank that the provider reaches. `history_days`, `consent_days`: the most it allows."""

    id: str
    name: str
    bic: str | None
    countries: tuple[str, ...]
    logo_url: str | None
    history_days: int
    consent_days: int


@dataclass(frozen=True, slots=True)
class Consent:
    """Asked for: `ref` is the provider's id; the user consents at `authorization_url`."""

    ref: str
    authorization_url: str
    consent_days: int


class ConsentState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    REJECTED = "rejected"
    SUSPENDED = "suspended"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConsentStatus:
    """`account_refs` are of this consent only: a later one gives the same account new refs."""

    state: ConsentState
    account_refs: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountIdentity:
    """What recognises the account under a later consent; cards have a `masked_pan` and no IBAN."""

    ref: str
    iban: str | None
    bban: str | None
    masked_pan: str | None
    name: str | None
    owner_name: str | None
    currency: str | None
    status: str
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the provider's calls per account and scope; `resets_at` in UTC."""

    limit: int
    remaining: int
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that can't be read as money or date; `reason` names the field."""

    reason: str
    raw: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransactionPage:
    """Everything the provider has in the window asked for (there is no paging on this wire).

    A broken line hides none of the others: it stands in `rejected`, to be counted and shown.
    """

    transactions: Sequence[BankTransaction]
    rejected: Sequence[RejectedLine]
    allowance: Allowance | None


@dataclass(frozen=True, slots=True)
class BalancePage:
    balances: Sequence[Balance]
    rejected: Sequence[RejectedLine]
    allowance: Allowance | None


class BankGateway(Protocol):
    async def institutions(self, country: str) -> Sequence[Institution]:
        """List the banks of an ISO 3166-1 alpha-2 country."""
        ...

    async def institution(self, institution_id: str) -> Institution:
        """One bank; UnknownInstitution if the provider has none such."""
        ...

    async def request_consent(
        self, institution: Institution, *, redirect_url: str, reference: str, history_days: int
    ) -> Consent:
        """Ask for access; the same `reference` again returns the consent made before."""
        ...

    async def consent(self, ref: str) -> ConsentStatus: ...

    async def revoke(self, ref: str) -> None:
        """End a consent; one that is gone already is no error."""
        ...

    async def account(self, ref: str) -> AccountIdentity: ...

    async def balances(self, ref: str) -> BalancePage: ...

    async def transactions(self, ref: str, date_from: date, date_to: date) -> TransactionPage: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """A provider's token pair with its lifetimes, in UTC."""

    access: str = field(repr=False)
    access_expires_at: datetime
    refresh: str = field(repr=False)
    refresh_expires_at: datetime


class TokenStore(Protocol):
    """Where the token pair rests between processes, encrypted."""

    async def load(self) -> Tokens | None: ...

    async def save(self, tokens: Tokens) -> None: ...
