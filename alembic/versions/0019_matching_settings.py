"""How a tenant wants to be matched, and the runs that somebody has asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")


def upgrade() -> None:
    op.create_table(
        "matching_settings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("least_probability", sa.Numeric(5, 4), nullable=False),
        sa.Column("least_margin", sa.Numeric(5, 4), nullable=False),
        sa.Column("write_off_limits", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "least_probability BETWEEN 0 AND 1 AND least_margin BETWEEN 0 AND 1",
            name="ck_matching_settings_thresholds",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        sa.PrimaryKeyConstraint("tenant_id"),
    )
    op.create_table(
        "matching_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("lines", sa.BigInteger()),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_matching_runs_status"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_matching_runs_queued",
        "matching_runs",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("status = 'queued'"),
    )
    _guard("matching_settings")
    _guard("matching_runs")
    op.execute(
        "CREATE POLICY system ON matching_runs TO payymo_system USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT (tenant_id, id) ON matching_runs TO payymo_system")


def downgrade() -> None:
    op.drop_table("matching_runs")
    op.drop_table("matching_settings")
