"""What an endpoint may ask for: a filter, headers, an order, limits, a schedule, ed25519, a pause."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ENDPOINTS = "webhook_endpoints"
COLUMNS = (
    sa.Column("filter", sa.Text(), server_default="[]", nullable=False),
    sa.Column(
        "header_names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
    ),
    sa.Column("header_values", sa.LargeBinary(), nullable=True),
    sa.Column("ordering", sa.Text(), nullable=True),
    sa.Column("rate_limit", sa.BigInteger(), nullable=True),
    sa.Column("max_concurrency", sa.BigInteger(), server_default="20", nullable=False),
    sa.Column("retry_schedule", postgresql.ARRAY(sa.BigInteger()), nullable=True),
    sa.Column("signing_key", sa.LargeBinary(), nullable=True),
    sa.Column("previous_signing_key", sa.LargeBinary(), nullable=True),
    sa.Column("public_key", sa.Text(), nullable=True),
    sa.Column("verify_ownership", sa.Boolean(), server_default="false", nullable=False),
    sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column(ENDPOINTS, column)
    op.create_check_constraint(
        "ck_webhook_endpoints_ordering", ENDPOINTS, "ordering IN ('endpoint', 'object')"
    )
    _replace_check("status IN ('enabled', 'paused', 'disabled')")


def downgrade() -> None:
    """A paused endpoint becomes disabled; what was only sealed here is gone."""
    op.execute(f"ALTER TABLE {ENDPOINTS} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"UPDATE {ENDPOINTS} SET status = 'disabled' WHERE status = 'paused'")
    op.execute(f"ALTER TABLE {ENDPOINTS} FORCE ROW LEVEL SECURITY")
    _replace_check("status IN ('enabled', 'disabled')")
    op.drop_constraint("ck_webhook_endpoints_ordering", ENDPOINTS, type_="check")
    for column in COLUMNS:
        op.drop_column(ENDPOINTS, column.name)


def _replace_check(condition: str) -> None:
    op.drop_constraint("ck_webhook_endpoints_status", ENDPOINTS, type_="check")
    op.create_check_constraint("ck_webhook_endpoints_status", ENDPOINTS, condition)
