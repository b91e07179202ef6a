"""What a line looks documents and customers up by, written anew for all that are there.

The keys are made by the code that runs, not by a copy of it here: they must be what it looks up.
"""

from collections.abc import Callable, Iterator

import sqlalchemy as sa
from alembic import op

from payymo_api.invoicing.rules.keys import customer_keys, document_keys

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_AT_ONCE = 5000
_OPEN = sa.text("status IN ('open', 'partially_paid') AND removed_at IS NULL")
_UNEXAMINED = sa.text(
    "examined_at IS NULL AND match_state IN ('unmatched', 'suggested')"
    " AND status = 'booked' AND removed_at IS NULL"
)


def upgrade() -> None:
    op.create_table(
        "customer_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('number', 'account', 'word')", name="ck_customer_keys_kind"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "key", "customer_id"),
    )
    op.create_index("ix_customer_keys_customer", "customer_keys", ["tenant_id", "customer_id"])
    op.create_index(
        "ix_invoices_owed",
        "invoices",
        ["tenant_id", "customer_id", "issued_on", "id"],
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_invoices_collected",
        "invoices",
        ["tenant_id", "currency", "collection_on"],
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_allocations_amount", "allocations", ["tenant_id", "currency", "amount_minor", "id"]
    )
    _order_unexamined("tenant_id", "booked_on", "id")
    _bind("NO FORCE")
    _fill_customers()
    _fill_documents()
    _bind("FORCE")
    op.drop_table("customer_ibans")
    _guard("customer_keys")


def downgrade() -> None:
    op.create_table(
        "customer_ibans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("iban", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "iban", "customer_id"),
    )
    op.create_index("ix_customer_ibans_customer", "customer_ibans", ["tenant_id", "customer_id"])
    op.execute("ALTER TABLE customers NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO customer_ibans (tenant_id, iban, customer_id) SELECT DISTINCT tenant_id,"
        " unnest(iban), id FROM customers WHERE removed_at IS NULL"
    )
    op.execute("ALTER TABLE customers FORCE ROW LEVEL SECURITY")
    _guard("customer_ibans")
    _order_unexamined("tenant_id", "id")
    op.drop_index("ix_allocations_amount", table_name="allocations")
    op.drop_index("ix_invoices_collected", table_name="invoices")
    op.drop_index("ix_invoices_owed", table_name="invoices")
    op.drop_table("customer_keys")


def _order_unexamined(*columns: str) -> None:
    op.drop_index("ix_transactions_unexamined", table_name="transactions")
    op.create_index(
        "ix_transactions_unexamined", "transactions", list(columns), postgresql_where=_UNEXAMINED
    )


def _fill_customers() -> None:
    _fill(
        "SELECT tenant_id, id, number, name, trading_name, iban FROM customers",
        lambda row: customer_keys(row.number, (row.name, row.trading_name), row.iban),
        "INSERT INTO customer_keys (tenant_id, customer_id, kind, key) VALUES (:tenant, :id, :a, :b)",
    )


def _fill_documents() -> None:
    """What was kept until now folds accents otherwise, and lacks digits and orders."""
    op.execute("ALTER TABLE document_keys NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM document_keys")
    _fill(
        "SELECT tenant_id, id, number, creditor_reference, po_number FROM invoices",
        lambda row: (
            ("", key) for key in document_keys(row.number, row.creditor_reference, row.po_number)
        ),
        "INSERT INTO document_keys (tenant_id, invoice_id, key) VALUES (:tenant, :id, :b)",
    )
    op.execute("ALTER TABLE document_keys FORCE ROW LEVEL SECURITY")


def _fill(read: str, keys: Callable[[sa.Row[tuple[object, ...]]], object], write: str) -> None:
    connection = op.get_bind()
    for rows in _batches(connection, read):
        found = [
            {"tenant": row.tenant_id, "id": row.id, "a": kind, "b": key}
            for row in rows
            for kind, key in keys(row)  # type: ignore[attr-defined]  # pairs, whichever they are
        ]
        if found:
            connection.execute(sa.text(write), found)


def _batches(connection: sa.Connection, read: str) -> Iterator[list[sa.Row[tuple[object, ...]]]]:
    last: tuple[object, object] | None = None
    while True:
        after = "AND (tenant_id, id) > (:tenant, :id)" if last else ""
        statement = sa.text(
            f"{read} WHERE removed_at IS NULL {after} ORDER BY tenant_id, id LIMIT {_AT_ONCE}"
        )
        values = {"tenant": last[0], "id": last[1]} if last else {}
        rows = list(connection.execute(statement, values))
        if not rows:
            return
        yield rows
        last = (rows[-1].tenant_id, rows[-1].id)


def _bind(force: str) -> None:
    """The owner reads every tenant's rows only while the policies do not bind it."""
    for table in ("customers", "invoices"):
        op.execute(f"ALTER TABLE {table} {force} ROW LEVEL SECURITY")


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")
