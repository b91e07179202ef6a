"""A document that another system keeps: its id there, made once, and what that system says of it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("source_ref", sa.Text()))
    op.add_column("invoices", sa.Column("source_status", sa.Text()))
    op.create_check_constraint(
        "ck_invoices_source_status",
        "invoices",
        "source_status IN ('void', 'uncollectible', 'paid_elsewhere')",
    )
    op.create_index(
        "uq_invoices_source_ref", "invoices", ["tenant_id", "source", "source_ref"], unique=True
    )


def downgrade() -> None:
    op.drop_index("uq_invoices_source_ref", table_name="invoices")
    op.drop_constraint("ck_invoices_source_status", "invoices")
    op.drop_column("invoices", "source_status")
    op.drop_column("invoices", "source_ref")
