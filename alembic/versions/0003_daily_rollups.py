"""Daily rollups: what the statistics add up in place of every line."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
CELL = "tenant_id, booked_on, account_id, currency, status, category, match_state"
DIRECTION = "CASE sign(amount_minor) WHEN 1 THEN 'in' WHEN -1 THEN 'out' ELSE 'zero' END"


def upgrade() -> None:
    op.create_table(
        "daily_rollups",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("match_state", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("folded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out', 'zero')", name="ck_daily_rollups_direction"),
        sa.PrimaryKeyConstraint("tenant_id", "booked_on", "account_id", "id"),
    )
    _count_what_is_there()
    op.create_index(
        "ix_daily_rollups_unfolded",
        "daily_rollups",
        ["tenant_id"],
        postgresql_where=sa.text("NOT folded"),
    )
    _guard()


def _count_what_is_there() -> None:
    """The owner reads every tenant's lines only while the policies do not bind it."""
    op.execute("ALTER TABLE transactions NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"INSERT INTO daily_rollups ({CELL}, direction, lines, amount_minor, folded)"
        f" SELECT {CELL}, {DIRECTION}, count(*), sum(amount_minor), true FROM transactions"
        " WHERE removed_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    )
    op.execute("ALTER TABLE transactions FORCE ROW LEVEL SECURITY")


def _guard() -> None:
    """`payymo_system` sees who has rows to fold, and no money."""
    op.execute("ALTER TABLE daily_rollups ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE daily_rollups FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON daily_rollups TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON daily_rollups TO payymo_app")
    op.execute("CREATE POLICY system ON daily_rollups FOR SELECT TO payymo_system USING (true)")
    op.execute("GRANT SELECT (tenant_id, folded) ON daily_rollups TO payymo_system")


def downgrade() -> None:
    op.drop_table("daily_rollups")
