"""Tenants with many lines, made by PostgreSQL itself: ten million in minutes."""

from collections.abc import Mapping

import asyncpg

from benchmarks.harness import Bench
from payymo_api.banking.repository import rollups
from payymo_api.core.types import TenantId

DAYS = 730
_LINES = """
INSERT INTO transactions (tenant_id, id, account_id, status, amount_minor, currency, booked_on,
    description, reference, counterparty_name, counterparty_iban, category, match_state,
    settled_minor, examined_at, fingerprint, occurrence, internal_id, source, raw)
SELECT $1, (substr(md5($1::text), 1, 8) || lpad(to_hex(n), 24, '0'))::uuid,
    accounts[1 + n % cardinality(accounts)], 'booked', amount, 'GBP',
    $3::date - $4::int + 1 + (n * $4::int / $2::bigint)::int,
    'Payment ' || n || ' for services', 'INV-' || n % 100000, 'Counterparty ' || n % 500,
    'GB33BUKB' || lpad((n % 500)::text, 14, '0'),
    (ARRAY['sales', 'travel', 'office', 'fees', 'wages', NULL])[1 + n % 6],
    CASE WHEN n % 5 < 3 THEN 'matched' ELSE 'unmatched' END,
    CASE WHEN n % 5 < 3 THEN amount ELSE 0 END,
    now(), decode(md5(n::text), 'hex'), 1, 'line-' || n, 'feed',
    jsonb_build_object('internalTransactionId', 'line-' || n, 'bookingDate', '2026-01-01')
FROM generate_series(0, $2::bigint - 1) AS n,
    LATERAL (SELECT (n * 7919 % 200001 - 50000)::bigint AS amount) AS money,
    (SELECT array_agg(id ORDER BY id) AS accounts FROM bank_accounts WHERE tenant_id = $1) AS own
"""
_ACCOUNTS = """
INSERT INTO bank_accounts (tenant_id, id, name, currency, status)
SELECT $1, gen_random_uuid(), 'Account ' || n, 'GBP', 'no_feed' FROM generate_series(1, 4) AS n
WHERE NOT EXISTS (SELECT FROM bank_accounts WHERE tenant_id = $1)
"""


async def seed_lines(
    bench: Bench, lines: Mapping[TenantId, int], *, last_days_ago: int = 0
) -> None:
    """Give each tenant so many lines in its accounts, or in four: the same days for all.

    Indexes and foreign keys are made anew afterwards, which is several times faster.
    """
    owner = await asyncpg.connect(bench.settings.database_url)
    await owner.execute("SET maintenance_work_mem = '512MB'")
    again = await _let_go(owner)
    for tenant_id, rows in lines.items():
        await _seed(bench, tenant_id, rows, last_days_ago)
    for statement in again:
        await owner.execute(statement)
    await owner.execute("VACUUM ANALYZE transactions")
    for tenant_id in lines:
        await _roll_up(bench, tenant_id)
    await owner.execute("VACUUM ANALYZE daily_rollups")
    await owner.close()


async def _let_go(owner: asyncpg.Connection) -> list[str]:
    """Drop the lines' secondary indexes and their foreign key; return what makes them again."""
    indexes = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made"
        " FROM pg_index WHERE indrelid = 'transactions'::regclass AND NOT indisprimary"
    )
    keys = await owner.fetch(
        "SELECT conname AS name, pg_get_constraintdef(oid) AS made FROM pg_constraint"
        " WHERE conrelid = 'transactions'::regclass AND contype = 'f'"
    )
    for index in indexes:
        await owner.execute(f"DROP INDEX {index['name']}")
    for key in keys:
        await owner.execute(f"ALTER TABLE transactions DROP CONSTRAINT {key['name']}")
    return [index["made"] for index in indexes] + [
        f"ALTER TABLE transactions ADD CONSTRAINT {key['name']} {key['made']}" for key in keys
    ]


async def _seed(bench: Bench, tenant_id: TenantId, rows: int, last_days_ago: int) -> None:
    connection = await bench.connect(tenant_id)
    last = await connection.fetchval("SELECT current_date - $1::int", last_days_ago)
    await connection.execute(_ACCOUNTS, tenant_id)
    await connection.execute(_LINES, tenant_id, rows, last, DAYS)
    await connection.close()


async def _roll_up(bench: Bench, tenant_id: TenantId) -> None:
    """As `payymo check-rollups --mend`, and then the worker, would."""
    async with bench.database.scope(tenant_id) as scope:
        await rollups.mend(scope)
    folded = 1
    while folded:
        async with bench.database.scope(tenant_id) as scope:
            folded = await rollups.fold(scope)
