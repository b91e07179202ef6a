"""What the engine proposes and a person decides."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import InvoiceId, MatchId, SuggestionId, TransactionId


class Suggestion(TenantOwned):
    """The engine's proposals for a line, best first (`service.proposals`): one pending at most.

    It changes only under its line's lock. `superseded`: the line was matched otherwise, or means
    something else by now. `amount_minor` and `currency` are the line's.
    """

    __tablename__ = "suggestions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "transaction_id"], ["transactions.tenant_id", "transactions.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "match_id"], ["matches.tenant_id", "matches.id"]),
        CheckConstraint(
            "status IN ('pending', 'accepted', 'rejected', 'superseded')",
            name="ck_suggestions_status",
        ),
        CheckConstraint(
            "(match_id IS NOT NULL) <= (status = 'accepted')", name="ck_suggestions_match"
        ),
        Index(
            "uq_suggestions_pending",
            "tenant_id",
            "transaction_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_suggestions_transaction", "tenant_id", "transaction_id"),
        Index("ix_suggestions_status", "tenant_id", "status", "id"),
        Index(
            "ix_suggestions_probability",
            "tenant_id",
            "probability",
            "id",
            postgresql_where=text("status = 'pending'"),
        ),
    )
    prefix = "sug"

    id: Mapped[SuggestionId] = mapped_column(primary_key=True)
    transaction_id: Mapped[TransactionId]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="pending")
    probability: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    proposals: Mapped[list[Any]]
    because: Mapped[str | None]
    to_change: Mapped[str | None]
    match_id: Mapped[MatchId | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SuggestionDocument(TenantOwned):
    """A document that a suggestion names; `place`: in which of its proposals first, from 0.

    The first proposal's documents are reserved, softly: the engine knows, nobody is refused.
    """

    __tablename__ = "suggestion_documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "suggestion_id"],
            ["suggestions.tenant_id", "suggestions.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
    )

    invoice_id: Mapped[InvoiceId] = mapped_column(primary_key=True)
    suggestion_id: Mapped[SuggestionId] = mapped_column(primary_key=True)
    place: Mapped[int]
