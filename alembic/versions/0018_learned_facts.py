"""What the tenant's decisions have taught, in one table that the tenant can read and empty."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "learned_facts"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("invoice_id", sa.Uuid()),
        sa.Column("payout_id", sa.Uuid()),
        sa.Column("confirmations", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("contradictions", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('payer_account', 'payer_name', 'not_this')", name="ck_learned_facts_kind"
        ),
        sa.CheckConstraint(
            "(customer_id IS NOT NULL) = (kind <> 'not_this')"
            " AND num_nonnulls(customer_id, invoice_id, payout_id) = 1",
            name="ck_learned_facts_about",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payout_id"], ["payouts.tenant_id", "payouts.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_learned_facts_fact",
        TABLE,
        ["tenant_id", "key", "kind", "customer_id", "invoice_id", "payout_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_learned_facts_customer", TABLE, ["tenant_id", "customer_id"])
    _open("NO FORCE")
    _move_payers()
    _learn_from_undone_matches()
    _open("FORCE")
    op.drop_table("payer_ibans")
    _guard(TABLE)
    op.execute(f"CREATE POLICY system ON {TABLE} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id) ON {TABLE} TO payymo_system")


def _open(force: str) -> None:
    """The owner reads every tenant's rows only while the policies do not bind it."""
    for table in ("payer_ibans", "matches", "allocations"):
        op.execute(f"ALTER TABLE {table} {force} ROW LEVEL SECURITY")


def _move_payers() -> None:
    op.execute(
        f"INSERT INTO {TABLE}"
        " (tenant_id, id, kind, key, customer_id, confirmations, created_at, last_at)"
        " SELECT tenant_id, gen_random_uuid(), 'payer_account', iban, customer_id, confirmations,"
        " last_at, last_at FROM payer_ibans"
    )


def _learn_from_undone_matches() -> None:
    op.execute(
        f"INSERT INTO {TABLE}"
        " (tenant_id, id, kind, key, invoice_id, payout_id, contradictions, created_at, last_at)"
        " SELECT a.tenant_id, gen_random_uuid(), 'not_this', a.transaction_id::text, a.invoice_id,"
        " a.payout_id, count(DISTINCT m.id), min(m.undone_at), max(m.undone_at)"
        " FROM allocations a JOIN matches m ON m.tenant_id = a.tenant_id AND m.id = a.match_id"
        " WHERE m.status = 'undone' AND a.credit_id IS NULL"
        " GROUP BY a.tenant_id, a.transaction_id, a.invoice_id, a.payout_id"
    )


def downgrade() -> None:
    op.create_table(
        "payer_ibans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("confirmations", sa.BigInteger(), nullable=False),
        sa.Column("last_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "iban", "customer_id"),
    )
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO payer_ibans (tenant_id, iban, customer_id, confirmations, last_at)"
        " SELECT tenant_id, key, customer_id, confirmations, last_at"
        f" FROM {TABLE} WHERE kind = 'payer_account' AND confirmations > 0"
    )
    _guard("payer_ibans")
    op.drop_table(TABLE)
