"""What a payout's bank line may say."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payouts", sa.Column("statement_descriptor", sa.Text(), nullable=True))
    op.add_column("payouts", sa.Column("trace_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("payouts", "trace_id")
    op.drop_column("payouts", "statement_descriptor")
