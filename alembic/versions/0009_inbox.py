"""Providers' messages, each kept once until it is dealt with."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)
_UNDONE = sa.text("done_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "inbox_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "received_at", _MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("due_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("done_at", _MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("leased_until", _MOMENT),
        sa.Column("leased_by", sa.BigInteger()),
        sa.Column("issues", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    names = ["tenant_id", "connection_id", "message_id"]
    op.create_index("uq_inbox_messages_message", "inbox_messages", names, unique=True)
    op.create_index("ix_inbox_messages_due", "inbox_messages", ["due_at"], postgresql_where=_UNDONE)
    op.create_index(
        "ix_inbox_messages_subject",
        "inbox_messages",
        ["tenant_id", "connection_id", "subject"],
        postgresql_where=_UNDONE,
    )
    op.create_index(
        "ix_inbox_messages_received", "inbox_messages", ["received_at"], postgresql_using="brin"
    )
    op.execute("ALTER TABLE inbox_messages ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE inbox_messages FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own ON inbox_messages TO payymo_app USING ({OWN}) WITH CHECK ({OWN})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON inbox_messages TO payymo_app")
    op.execute(
        "CREATE POLICY system ON inbox_messages TO payymo_system USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON inbox_messages TO payymo_system")


def downgrade() -> None:
    op.drop_table("inbox_messages")
