"""What lines that belong nowhere teach: payers without a customer, and words."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FACTS, WORDS = "learned_facts", "learned_words"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_ABOUT = (
    "num_nonnulls(invoice_id, payout_id) = (kind = 'not_this')::integer"
    " AND (kind <> 'not_this' OR customer_id IS NULL)"
)
_ABOUT_BEFORE = (
    "(customer_id IS NOT NULL) = (kind <> 'not_this')"
    " AND num_nonnulls(customer_id, invoice_id, payout_id) = 1"
)


def upgrade() -> None:
    _replace_check(_ABOUT)
    op.create_table(
        WORDS,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("nowhere", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        sa.PrimaryKeyConstraint("tenant_id", "word", "slot"),
    )
    op.execute(f"ALTER TABLE {WORDS} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {WORDS} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {WORDS} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {WORDS} TO payymo_app")


def downgrade() -> None:
    """An ignored line stays ignored, as those of own transfers do."""
    op.drop_table(WORDS)
    op.execute(f"ALTER TABLE {FACTS} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM {FACTS} WHERE kind <> 'not_this' AND customer_id IS NULL")
    op.execute(f"ALTER TABLE {FACTS} FORCE ROW LEVEL SECURITY")
    _replace_check(_ABOUT_BEFORE)


def _replace_check(condition: str) -> None:
    op.drop_constraint("ck_learned_facts_about", FACTS, type_="check")
    op.create_check_constraint("ck_learned_facts_about", FACTS, condition)
