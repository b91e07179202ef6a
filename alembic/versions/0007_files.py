"""What an import keeps of its file, and how the columns of an account's CSV files are read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"


def upgrade() -> None:
    op.add_column("sync_runs", sa.Column("file", postgresql.JSONB(astext_type=sa.Text())))
    op.add_column("sync_runs", sa.Column("file_digest", sa.LargeBinary()))
    op.create_index(
        "ix_sync_runs_imports",
        "sync_runs",
        ["tenant_id", "id"],
        postgresql_where=sa.text("file_digest IS NOT NULL"),
    )
    op.create_index(
        "ix_sync_runs_file",
        "sync_runs",
        ["tenant_id", "account_id", "file_digest"],
        postgresql_where=sa.text("file_digest IS NOT NULL"),
    )
    op.create_table(
        "csv_mappings",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]
        ),
        sa.PrimaryKeyConstraint("tenant_id", "account_id"),
    )
    op.execute("ALTER TABLE csv_mappings ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE csv_mappings FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON csv_mappings TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON csv_mappings TO payymo_app")


def downgrade() -> None:
    op.drop_table("csv_mappings")
    op.drop_index("ix_sync_runs_file", table_name="sync_runs")
    op.drop_index("ix_sync_runs_imports", table_name="sync_runs")
    op.drop_column("sync_runs", "file_digest")
    op.drop_column("sync_runs", "file")
