"""What decides a line's category: the tenant's rules, and what its users have chosen before."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import AccountId, ApplicationId, MemoryId, RuleId, TransactionId


class CategoryRule(TenantOwned):
    """Gives its category to the lines for which all of its conditions hold."""

    __tablename__ = "category_rules"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        CheckConstraint(
            "text_match IN ('contains', 'words', 'starts_with')", name="ck_category_rules_text"
        ),
        CheckConstraint("direction IN ('in', 'out')", name="ck_category_rules_direction"),
        CheckConstraint(
            "currency IS NOT NULL OR (min_amount_minor IS NULL AND max_amount_minor IS NULL)",
            name="ck_category_rules_amount",
        ),
        Index("ix_category_rules_order", "tenant_id", "priority", "id"),
    )
    prefix = "rule"

    id: Mapped[RuleId] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    category: Mapped[str]
    priority: Mapped[int]
    enabled: Mapped[bool]
    text: Mapped[str | None]
    text_match: Mapped[str]
    counterparty_name: Mapped[str | None]
    counterparty_iban: Mapped[str | None]
    min_amount_minor: Mapped[int | None]
    max_amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    account_id: Mapped[AccountId | None]
    direction: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class CategoryMemory(TenantOwned):
    """The category that a user chose last for a counterparty, per direction of the money.

    `value` is its IBAN, or its merchant name in folded case where the bank tells no IBAN.
    """

    __tablename__ = "category_memories"
    __table_args__ = (
        CheckConstraint("known_by IN ('iban', 'merchant')", name="ck_category_memories_known_by"),
        CheckConstraint("direction IN ('in', 'out')", name="ck_category_memories_direction"),
        Index(
            "uq_category_memories_counterparty",
            "tenant_id",
            "value",
            "known_by",
            "direction",
            unique=True,
        ),
    )
    prefix = "mem"

    id: Mapped[MemoryId] = mapped_column(primary_key=True)
    known_by: Mapped[str]
    value: Mapped[str]
    direction: Mapped[str]
    category: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class RuleApplication(TenantOwned):
    """A walk over the past by today's rules; `after_id` is the last line it has looked at.

    At most one waits: it will use the rules as they stand when it begins.
    """

    __tablename__ = "rule_applications"
    __table_args__ = (
        CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_rule_applications_status"
        ),
        Index(
            "uq_rule_applications_queued",
            "tenant_id",
            unique=True,
            postgresql_where=text("status = 'queued'"),
        ),
    )
    prefix = "rap"

    id: Mapped[ApplicationId] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="queued")
    after_id: Mapped[TransactionId | None]
    checked: Mapped[int] = mapped_column(server_default="0")
    changed: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
