"""What the engine proposes for a person to decide; a line that waits for that is still open."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)
_STANDS = "status = 'booked' AND removed_at IS NULL"


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")


def _show_ids(table: str) -> None:
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO payymo_system")


def _index_lines(open_states: str, unexamined_states: str) -> None:
    """Make the indexes of open lines anew, with these states."""
    indexes = {
        "open": (["id"], f"match_state IN ({open_states}) AND {_STANDS}"),
        "open_amount": (
            ["currency", "amount_minor", "booked_on"],
            f"match_state IN ({open_states}) AND {_STANDS}",
        ),
        "unexamined": (["id"], f"examined_at IS NULL AND {unexamined_states} AND {_STANDS}"),
    }
    for name, (columns, condition) in indexes.items():
        op.drop_index(f"ix_transactions_{name}", table_name="transactions")
        op.create_index(
            f"ix_transactions_{name}",
            "transactions",
            ["tenant_id", *columns],
            postgresql_where=sa.text(condition),
        )


def upgrade() -> None:
    _index_lines("'unmatched', 'suggested', 'partial'", "match_state IN ('unmatched', 'suggested')")
    op.create_table(
        "suggestions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("probability", sa.Numeric(5, 4), nullable=False),
        sa.Column("proposals", postgresql.JSONB(), nullable=False),
        sa.Column("because", sa.Text()),
        sa.Column("to_change", sa.Text()),
        sa.Column("match_id", sa.Uuid()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", _MOMENT),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'accepted', 'rejected', 'superseded')",
            name="ck_suggestions_status",
        ),
        sa.CheckConstraint(
            "(match_id IS NOT NULL) <= (status = 'accepted')", name="ck_suggestions_match"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "transaction_id"], ["transactions.tenant_id", "transactions.id"]
        ),
        sa.ForeignKeyConstraint(["tenant_id", "match_id"], ["matches.tenant_id", "matches.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    pending = sa.text("status = 'pending'")
    op.create_index(
        "uq_suggestions_pending",
        "suggestions",
        ["tenant_id", "transaction_id"],
        unique=True,
        postgresql_where=pending,
    )
    op.create_index("ix_suggestions_transaction", "suggestions", ["tenant_id", "transaction_id"])
    op.create_index("ix_suggestions_status", "suggestions", ["tenant_id", "status", "id"])
    op.create_index(
        "ix_suggestions_probability",
        "suggestions",
        ["tenant_id", "probability", "id"],
        postgresql_where=pending,
    )
    op.create_table(
        "suggestion_documents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("suggestion_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "suggestion_id"],
            ["suggestions.tenant_id", "suggestions.id"],
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "invoice_id", "suggestion_id"),
    )
    _guard("suggestions")
    _show_ids("suggestions")
    _guard("suggestion_documents")


def downgrade() -> None:
    op.drop_table("suggestion_documents")
    op.drop_table("suggestions")
    for table in ("transactions", "daily_rollups"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"UPDATE {table} SET match_state = 'unmatched' WHERE match_state = 'suggested'")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    _index_lines("'unmatched', 'partial'", "match_state = 'unmatched'")
