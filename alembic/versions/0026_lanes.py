"""A lane for each endpoint; deliveries have their place in its order, and no lease of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

LANES, DELIVERIES, EVENTS = "webhook_lanes", "webhook_deliveries", "outbox_events"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
PENDING = "status = 'pending'"
UNSEQUENCED = "data IS NOT NULL AND sequence IS NULL"
PAIR = ("tenant_id", "event_id", "endpoint_id")


def upgrade() -> None:
    _make_lanes()
    _let_held_be_due()
    for name in ("leased_until", "leased_by", "issues"):
        op.drop_column(DELIVERIES, name)
    op.add_column(
        DELIVERIES, sa.Column("sequence", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column(DELIVERIES, sa.Column("ordering_key", sa.Text(), nullable=True))
    op.add_column(DELIVERIES, sa.Column("replay_id", sa.Uuid(), nullable=True))
    _index_pair(*PAIR, "replay_id", nulls_not_distinct=True)
    _index_due(
        *("tenant_id", "endpoint_id", "next_attempt_at", "id"),
        where=f"{PENDING} AND ordering_key IS NULL",
    )
    op.create_index(
        "ix_webhook_deliveries_ordered",
        DELIVERIES,
        ["tenant_id", "endpoint_id", "sequence", "id"],
        postgresql_where=sa.text(f"{PENDING} AND ordering_key IS NOT NULL"),
    )
    _index_unsequenced("tenant_id", "id")
    op.execute("GRANT INSERT ON webhook_deliveries TO payymo_system")
    op.execute("GRANT SELECT ON webhook_endpoints TO payymo_system")
    op.execute(
        "CREATE POLICY system ON webhook_attempts FOR INSERT TO payymo_system WITH CHECK (true)"
    )
    op.execute("GRANT INSERT ON webhook_attempts TO payymo_system")


def downgrade() -> None:
    """What waits for an endpoint that is not enabled waits without a time again."""
    op.execute("REVOKE INSERT ON webhook_attempts FROM payymo_system")
    op.execute("DROP POLICY system ON webhook_attempts")
    op.execute("REVOKE SELECT ON webhook_endpoints FROM payymo_system")
    op.execute("GRANT SELECT (tenant_id, id) ON webhook_endpoints TO payymo_system")
    op.execute("REVOKE INSERT ON webhook_deliveries FROM payymo_system")
    _index_unsequenced("id")
    op.drop_index("ix_webhook_deliveries_ordered", DELIVERIES)
    _index_due("next_attempt_at", where=PENDING)
    _bind("NO FORCE", DELIVERIES)
    op.execute(f"DELETE FROM {DELIVERIES} WHERE replay_id IS NOT NULL")
    op.execute(
        f"UPDATE {DELIVERIES} d SET next_attempt_at = NULL FROM {LANES} l WHERE {PENDING}"
        " AND NOT l.is_open AND l.tenant_id = d.tenant_id AND l.endpoint_id = d.endpoint_id"
    )
    _bind("FORCE", DELIVERIES)
    _index_pair(*PAIR)
    for name in ("replay_id", "ordering_key", "sequence"):
        op.drop_column(DELIVERIES, name)
    op.add_column(
        DELIVERIES, sa.Column("issues", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column(DELIVERIES, sa.Column("leased_until", sa.DateTime(timezone=True)))
    op.add_column(DELIVERIES, sa.Column("leased_by", sa.BigInteger()))
    op.drop_table(LANES)


def _make_lanes() -> None:
    op.create_table(
        LANES,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.BigInteger(), nullable=True),
        sa.Column("leases", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_percent", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"]
        ),
        sa.PrimaryKeyConstraint("tenant_id", "endpoint_id"),
    )
    op.create_index("ix_webhook_lanes_due", LANES, ["due_at"], postgresql_where=sa.text("is_open"))
    op.create_index(
        "ix_webhook_lanes_leased",
        LANES,
        ["leased_by"],
        postgresql_where=sa.text("leased_by IS NOT NULL"),
    )
    _bind("NO FORCE", "webhook_endpoints")
    op.execute(
        f"INSERT INTO {LANES} (tenant_id, endpoint_id, is_open, due_at) SELECT tenant_id, id,"
        " status = 'enabled' AND removed_at IS NULL, now() FROM webhook_endpoints"
    )
    _bind("FORCE", "webhook_endpoints")
    op.execute(f"ALTER TABLE {LANES} ENABLE ROW LEVEL SECURITY")
    _bind("FORCE", LANES)
    op.execute(f"CREATE POLICY own ON {LANES} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {LANES} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {LANES} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, UPDATE ON {LANES} TO payymo_system")


def _let_held_be_due() -> None:
    """What waits for its endpoint is due as soon as that is enabled."""
    _bind("NO FORCE", DELIVERIES)
    op.execute(
        f"UPDATE {DELIVERIES} SET next_attempt_at = now()"
        f" WHERE {PENDING} AND next_attempt_at IS NULL"
    )
    _bind("FORCE", DELIVERIES)


def _index_pair(*columns: str, nulls_not_distinct: bool = False) -> None:
    op.drop_index("uq_webhook_deliveries_event_endpoint", DELIVERIES)
    op.create_index(
        "uq_webhook_deliveries_event_endpoint",
        DELIVERIES,
        columns,
        unique=True,
        postgresql_nulls_not_distinct=nulls_not_distinct,
    )


def _index_due(*columns: str, where: str) -> None:
    op.drop_index("ix_webhook_deliveries_due", DELIVERIES)
    op.create_index(
        "ix_webhook_deliveries_due", DELIVERIES, columns, postgresql_where=sa.text(where)
    )


def _index_unsequenced(*columns: str) -> None:
    op.drop_index("ix_outbox_events_unsequenced", EVENTS)
    op.create_index(
        "ix_outbox_events_unsequenced", EVENTS, columns, postgresql_where=sa.text(UNSEQUENCED)
    )


def _bind(force: str, table: str) -> None:
    """The owner moves every tenant's rows only while the policies do not bind it."""
    op.execute(f"ALTER TABLE {table} {force} ROW LEVEL SECURITY")
