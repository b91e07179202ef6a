from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import Base, Fed, TenantOwned
from payymo_api.core.types import AccountId, ConnectionId, RunId, TransactionId
from payymo_api.tenants.models import Tenant

FEEDING = ("active", "error")
"""The statuses of a connection whose consent lives; with `error` none of its accounts works."""
_MOMENTS = ARRAY(DateTime(timezone=True))


class BankConnection(TenantOwned):
    """A consent given to us for a bank: pending -> active -> expired, error or revoked.

    `expiry_notice`: how many days ahead its end was last announced.
    """

    __tablename__ = "bank_connections"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint(
            "status IN ('pending', 'active', 'expired', 'error', 'revoked')",
            name="ck_bank_connections_status",
        ),
        Index(
            "ix_bank_connections_expires",
            "expires_at",
            postgresql_where=text("status IN ('active', 'error')"),
        ),
    )
    prefix = "bc"

    id: Mapped[ConnectionId] = mapped_column(primary_key=True)
    provider: Mapped[str]
    institution_id: Mapped[str]
    institution: Mapped[dict[str, Any]]
    status: Mapped[str]
    reference: Mapped[str | None]
    redirect_url: Mapped[str]
    history_days: Mapped[int]
    consent_ref: Mapped[str | None]
    authorization_url: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    expiry_notice: Mapped[int | None]
    activated_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    last_synced_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    removed_at: Mapped[datetime | None]


class ConsentVisit(TenantOwned):
    """One trip to the bank: the digest of its single-use state, and the consent asked for.

    `arrivals`: the accounts read so far, so that a second try spends no call on them again.
    """

    __tablename__ = "consent_visits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["bank_connections.tenant_id", "bank_connections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_consent_visits_digest", "digest"),
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    connection_id: Mapped[ConnectionId]
    consent_ref: Mapped[str | None]
    arrivals: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


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
        CheckConstraint("status IN ('booked', 'pending')", name="ck_transactions_status"),
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
        Index("ix_transactions_listed", "tenant_id", "booked_on", "id"),
        Index("ix_transactions_account", "tenant_id", "account_id", "booked_on", "id"),
        Index("ix_transactions_fed", "tenant_id", "changed_xid", "id"),
        Index(
            "ix_transactions_open",
            "tenant_id",
            "id",
            postgresql_where=text(
                "match_state IN ('unmatched', 'partial')"
                " AND status = 'booked' AND removed_at IS NULL"
            ),
        ),
        Index(
            "ix_transactions_open_amount",
            "tenant_id",
            "currency",
            "amount_minor",
            postgresql_where=text(
                "match_state IN ('unmatched', 'partial')"
                " AND status = 'booked' AND removed_at IS NULL"
            ),
        ),
        Index(
            "ix_transactions_unexamined",
            "tenant_id",
            "id",
            postgresql_where=text(
                "examined_at IS NULL AND match_state = 'unmatched'"
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
    category: Mapped[str | None]
    category_source: Mapped[str | None]
    note: Mapped[str | None]
    match_state: Mapped[str] = mapped_column(server_default="unmatched")
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    examined_at: Mapped[datetime | None]
    fingerprint: Mapped[bytes]
    occurrence: Mapped[int]
    provider_id: Mapped[str | None]
    internal_id: Mapped[str | None]
    source: Mapped[str]
    raw: Mapped[dict[str, Any]]


class DailyRollup(TenantOwned):
    """Lines of one kind on one day, counted and added up; removed lines are not in it.

    Rows are only ever added: what a change takes from a cell is a row of its own, negative. The sum
    over a cell's rows is exact at every moment; folding makes one row of them (ADR 0011).
    """

    __tablename__ = "daily_rollups"
    __table_args__ = (
        CheckConstraint("direction IN ('in', 'out', 'zero')", name="ck_daily_rollups_direction"),
        Index("ix_daily_rollups_unfolded", "tenant_id", postgresql_where=text("NOT folded")),
    )

    booked_on: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    currency: Mapped[str]
    status: Mapped[str]
    category: Mapped[str | None]
    match_state: Mapped[str]
    direction: Mapped[str]
    lines: Mapped[int]
    amount_minor: Mapped[int]
    folded: Mapped[bool] = mapped_column(server_default=text("false"))


class SyncRun(TenantOwned):
    """One reading of an account (or of a statement file): what came of it.

    At most one is open per account. `started_at` is the fence: a worker that began it later has
    taken it over.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed')", name="ck_sync_runs_status"
        ),
        Index("ix_sync_runs_account", "tenant_id", "account_id", "id"),
        Index("ix_sync_runs_connection", "tenant_id", "connection_id", "id"),
        Index(
            "uq_sync_runs_open",
            "tenant_id",
            "account_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )
    prefix = "run"

    id: Mapped[RunId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId]
    connection_id: Mapped[ConnectionId | None]
    trigger: Mapped[str]
    status: Mapped[str]
    window_from: Mapped[date | None]
    window_to: Mapped[date | None]
    added: Mapped[int] = mapped_column(server_default="0")
    modified: Mapped[int] = mapped_column(server_default="0")
    removed: Mapped[int] = mapped_column(server_default="0")
    paired: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    warnings: Mapped[list[Any]] = mapped_column(server_default="[]")
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class ProviderToken(Base):
    """A provider's token pair, sealed; of the platform, not of a tenant."""

    __tablename__ = "provider_tokens"

    provider: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class InstitutionList(Base):
    """The banks of a country as the provider listed them; read again after a day."""

    __tablename__ = "institution_lists"

    provider: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    institutions: Mapped[list[Any]]
    fetched_at: Mapped[datetime] = mapped_column(server_default=func.now())
