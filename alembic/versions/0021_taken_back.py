"""Which lines somebody took apart from a document: asked for whenever the engine thinks of it."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_learned_facts_invoice",
        "learned_facts",
        ["tenant_id", "invoice_id"],
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_learned_facts_invoice", table_name="learned_facts")
