"""Expiry notices, what is wrong with an account, and the bank's calls as they were made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENTS = postgresql.ARRAY(sa.DateTime(timezone=True))


def _index_expiry(condition: str) -> None:
    op.drop_index("ix_bank_connections_expires", table_name="bank_connections")
    op.create_index(
        "ix_bank_connections_expires",
        "bank_connections",
        ["expires_at"],
        postgresql_where=sa.text(condition),
    )


def upgrade() -> None:
    op.add_column("bank_connections", sa.Column("expiry_notice", sa.BigInteger()))
    _index_expiry("status IN ('active', 'error')")
    op.add_column(
        "consent_visits",
        sa.Column("arrivals", postgresql.JSONB(), server_default="{}", nullable=False),
    )
    for name in ("error_code", "error_detail"):
        op.add_column("bank_accounts", sa.Column(name, sa.Text()))
    for name in ("calls_made_at", "balance_calls_made_at"):
        op.add_column(
            "bank_accounts", sa.Column(name, _MOMENTS, server_default="{}", nullable=False)
        )
    op.add_column("bank_accounts", sa.Column("balance_calls_limit", sa.BigInteger()))
    op.add_column("bank_accounts", sa.Column("told_digest", sa.LargeBinary()))
    for name in ("fed_from", "fed_to"):
        op.add_column("bank_accounts", sa.Column(name, sa.Date()))
    op.drop_column("bank_accounts", "calls_left")
    op.drop_column("bank_accounts", "calls_reset_at")


def downgrade() -> None:
    op.add_column("bank_accounts", sa.Column("calls_reset_at", sa.DateTime(timezone=True)))
    op.add_column("bank_accounts", sa.Column("calls_left", sa.BigInteger()))
    for name in (
        "fed_to",
        "fed_from",
        "told_digest",
        "balance_calls_limit",
        "balance_calls_made_at",
        "calls_made_at",
        "error_detail",
        "error_code",
    ):
        op.drop_column("bank_accounts", name)
    op.drop_column("consent_visits", "arrivals")
    _index_expiry("status = 'active'")
    op.drop_column("bank_connections", "expiry_notice")
