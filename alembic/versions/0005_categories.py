"""Categories: merchants, the other line of an own transfer, rules, memories, walks over the past."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
TABLES = ("category_rules", "category_memories", "rule_applications")


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO payymo_system")


def _moments(*names: str) -> list[sa.Column[object]]:
    moment = sa.DateTime(timezone=True)
    return [sa.Column(name, moment, server_default=sa.func.now(), nullable=False) for name in names]


def _index_open_amounts(*columns: str) -> None:
    op.create_index(
        "ix_transactions_open_amount",
        "transactions",
        ["tenant_id", *columns],
        postgresql_where=sa.text(
            "match_state IN ('unmatched', 'partial') AND status = 'booked' AND removed_at IS NULL"
        ),
    )


def upgrade() -> None:
    op.create_table(
        "category_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("text_match", sa.Text(), nullable=False),
        sa.Column("counterparty_name", sa.Text(), nullable=True),
        sa.Column("counterparty_iban", sa.Text(), nullable=True),
        sa.Column("min_amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("max_amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=True),
        *_moments("created_at", "updated_at"),
        sa.CheckConstraint(
            "text_match IN ('contains', 'words', 'starts_with')", name="ck_category_rules_text"
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name="ck_category_rules_direction"),
        sa.CheckConstraint(
            "currency IS NOT NULL OR (min_amount_minor IS NULL AND max_amount_minor IS NULL)",
            name="ck_category_rules_amount",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_category_rules_order", "category_rules", ["tenant_id", "priority", "id"])
    op.create_table(
        "category_memories",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("known_by", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        *_moments("created_at", "updated_at"),
        sa.CheckConstraint(
            "known_by IN ('iban', 'merchant')", name="ck_category_memories_known_by"
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name="ck_category_memories_direction"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_category_memories_counterparty",
        "category_memories",
        ["tenant_id", "value", "known_by", "direction"],
        unique=True,
    )
    op.create_table(
        "rule_applications",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("checked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        *_moments("created_at"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_rule_applications_status"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_rule_applications_queued",
        "rule_applications",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("status = 'queued'"),
    )
    for table in TABLES:
        _guard(table)
    op.add_column("transactions", sa.Column("merchant", sa.Text(), nullable=True))
    op.add_column("transactions", sa.Column("transfer_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        None,
        "transactions",
        "transactions",
        ["tenant_id", "transfer_of"],
        ["tenant_id", "id"],
    )
    op.create_check_constraint(
        "ck_transactions_category_source",
        "transactions",
        "category_source IN ('user', 'memory', 'rule', 'transfer', 'default')",
    )
    op.create_index(
        "uq_transactions_transfer",
        "transactions",
        ["tenant_id", "transfer_of"],
        unique=True,
        postgresql_where=sa.text("transfer_of IS NOT NULL AND removed_at IS NULL"),
    )
    op.drop_index("ix_transactions_open_amount", "transactions")
    _index_open_amounts("currency", "amount_minor", "booked_on")


def downgrade() -> None:
    """What rules have categorised keeps its category, and what transfers have set aside stays so."""
    op.drop_index("ix_transactions_open_amount", "transactions")
    _index_open_amounts("currency", "amount_minor")
    op.drop_index("uq_transactions_transfer", "transactions")
    op.drop_constraint("ck_transactions_category_source", "transactions")
    op.drop_column("transactions", "transfer_of")
    op.drop_column("transactions", "merchant")
    for table in TABLES:
        op.drop_table(table)
