from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.banking.models.categories import CategoryMemory, CategoryRule, RuleApplication
from payymo_api.banking.models.connections import FEEDING, BankConnection, ConsentVisit
from payymo_api.banking.models.mappings import SavedMapping
from payymo_api.banking.models.provider import InstitutionList, ProviderToken
from payymo_api.banking.models.rollups import DailyRollup
from payymo_api.banking.models.runs import SyncRun
from payymo_api.core.db import Fed, TenantOwned
from payymo_api.core.types import AccountId, ConnectionId, TransactionId

__all__ = [
    "FEEDING",
    "BankAccount",
    "BankConnection",
    "CategoryMemory",
    "CategoryRule",
    "ConsentVisit",
    "DailyRollup",
    "InstitutionList",
    "ProviderToken",
    "RuleApplication",
    "SavedMapping",
    "SyncRun",
    "Transaction",
]

_MOMENTS = ARRAY(DateTime(timezone=True))


class BankAccount(TenantOwned):
    """An account, with a feed (`connection_id`, `provider_ref`) or for statement files only.

    `…made_at`: the bank's calls of the last day, see `rules.allowance`. `told_digest`: what the
    feed told last, to know that nothing is new; `fed_from`, `fed_to`: the booked days it has told.
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["bank_connections.tenant_id", "bank_connections.id"],
        ),
        Index(
            "uq_bank_accounts_iban",
            "tenant_id",
            "iban",
            "currency",
            unique=True,
            postgresql_where=text("iban IS NOT NULL AND removed_at IS NULL"),
        ),
        Index(
            "ix_bank_accounts_next_sync",
            "next_sync_at",
            postgresql_where=text("next_sync_at IS NOT NULL"),
        ),
    )
    prefix = "bacc"

    id: Mapped[AccountId] = mapped_column(primary_key=True)
    connection_id: Mapped[ConnectionId | None]
    provider_ref: Mapped[str | None]
    name: Mapped[str | None]
    owner_name: Mapped[str | None]
    iban: Mapped[str | None]
    other_id: Mapped[str | None]
    currency: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    balances: Mapped[list[Any]] = mapped_column(server_default="[]")
    balances_at: Mapped[datetime | None]
    calls_limit: Mapped[int | None]
    calls_made_at: Mapped[list[datetime]] = mapped_column(_MOMENTS, server_default="{}")
    balance_calls_limit: Mapped[int | None]
    balance_calls_made_at: Mapped[list[datetime]] = mapped_column(_MOMENTS, server_default="{}")
    told_digest: Mapped[bytes | None]
    fed_from: Mapped[date | None]
    fed_to: Mapped[date | None]
    last_synced_at: Mapped[datetime | None]
    next_sync_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]


class Transaction(Fed):
    """A line of a bank account. `settled_minor` moves from 0 towards `amount_minor`, sign and all.

    `fingerprint` and `occurrence` are its identity within the account: what the line says, and the
    how-manyth of its like it is. What the provider calls it is a hint only.
    `examined_at`: when matching last looked at it; empty again when there is reason to look anew.
    `transfer_of`: the other line of a transfer between two accounts of the tenant; each names the
    other.
    """

    __tablename__ = "transactions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        CheckConstraint(
            "settled_minor BETWEEN least(amount_minor, 0) AND greatest(amount_minor, 0)",
            name="ck_transactions_settled",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "transfer_of"], ["transactions.tenant_id", "transactions.id"]
        ),
        CheckConstraint("status IN ('booked', 'pending')", name="ck_transactions_status"),
        CheckConstraint(
            "category_source IN ('user', 'memory', 'rule', 'transfer', 'default')",
            name="ck_transactions_category_source",
        ),
        CheckConstraint(
            "match_state IN ('unmatched', 'suggested', 'partial', 'matched', 'ignored')",
            name="ck_transactions_match_state",
        ),
        Index(
            "uq_transactions_identity",
            "tenant_id",
            "account_id",
            "fingerprint",
            "occurrence",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(
            "uq_transactions_transfer",
            "tenant_id",
            "transfer_of",
            unique=True,
            postgresql_where=text("transfer_of IS NOT NULL AND removed_at IS NULL"),
        ),
        Index("ix_transactions_listed", "tenant_id", "booked_on", "id"),
        Index("ix_transactions_account", "tenant_id", "account_id", "booked_on", "id"),
        Index(
            "ix_transactions_pending",
            "tenant_id",
            "account_id",
            postgresql_where=text("status = 'pending' AND removed_at IS NULL"),
        ),
        Index("ix_transactions_fed", "tenant_id", "changed_xid", "id"),
        Index(
            "ix_transactions_open",
            "tenant_id",
            "id",
            postgresql_where=text(
                "match_state IN ('unmatched', 'suggested', 'partial')"
                " AND status = 'booked' AND removed_at IS NULL"
            ),
        ),
        Index(
            "ix_transactions_open_amount",
            "tenant_id",
            "currency",
            "amount_minor",
            "booked_on",
            postgresql_where=text(
                "match_state IN ('unmatched', 'suggested', 'partial')"
                " AND status = 'booked' AND removed_at IS NULL"
            ),
        ),
        Index(
            "ix_transactions_unexamined",
            "tenant_id",
            "booked_on",
            "id",
            postgresql_where=text(
                "examined_at IS NULL AND match_state IN ('unmatched', 'suggested')"
                " AND status = 'booked' AND removed_at IS NULL"
            ),
        ),
    )
    prefix = "tr"

    id: Mapped[TransactionId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId]
    status: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    booked_at: Mapped[datetime | None]
    description: Mapped[str]
    reference: Mapped[str | None]
    end_to_end_id: Mapped[str | None]
    counterparty_name: Mapped[str | None]
    counterparty_iban: Mapped[str | None]
    merchant: Mapped[str | None]
    category: Mapped[str | None]
    category_source: Mapped[str | None]
    note: Mapped[str | None]
    match_state: Mapped[str] = mapped_column(server_default="unmatched")
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    examined_at: Mapped[datetime | None]
    transfer_of: Mapped[TransactionId | None]
    fingerprint: Mapped[bytes]
    occurrence: Mapped[int]
    provider_id: Mapped[str | None]
    internal_id: Mapped[str | None]
    source: Mapped[str]
    raw: Mapped[dict[str, Any]]
