"""What must be true of a tenant's books at every moment, asked in one statement: one snapshot."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId

_NAMED = """
    WITH active AS (
        SELECT a.* FROM allocations a JOIN matches m ON m.id = a.match_id AND m.status = 'active'
    ), waiting AS (
        SELECT transaction_id FROM suggestions WHERE status = 'pending'
    )"""
_ANNOUNCED = """
    SELECT * FROM (
        SELECT count(*) AS told,
            count(DISTINCT (data::jsonb ->> 'match_id', data::jsonb ->> 'transaction_id')) AS pairs
        FROM outbox_events WHERE name = 'transaction.{0}'
    ) news, (
        SELECT count(DISTINCT (m.id, a.transaction_id)) AS made
        FROM matches m JOIN allocations a ON a.match_id = m.id WHERE {1}
    ) real WHERE told <> made OR pairs <> made"""
ALWAYS: Final = {
    "a line is settled by exactly its active allocations, between 0 and its amount": """
        SELECT t.id FROM transactions t LEFT JOIN (
            SELECT a.transaction_id, sum(a.amount_minor) AS minor FROM active a GROUP BY 1
        ) s ON s.transaction_id = t.id
        WHERE t.settled_minor <> coalesce(s.minor, 0)
        OR t.settled_minor NOT BETWEEN least(t.amount_minor, 0) AND greatest(t.amount_minor, 0)""",
    "a line's state says how much of it is settled, and whether a suggestion waits": """
        SELECT t.id FROM transactions t
        WHERE t.match_state <> CASE
            WHEN t.settled_minor = t.amount_minor THEN 'matched'
            WHEN t.settled_minor <> 0 THEN 'partial'
            WHEN EXISTS (SELECT FROM waiting w WHERE w.transaction_id = t.id) THEN 'suggested'
            WHEN t.transfer_of IS NOT NULL THEN 'ignored'
            ELSE 'unmatched' END
        OR t.settled_minor <> 0 AND EXISTS (SELECT FROM waiting w WHERE w.transaction_id = t.id)""",
    "at most one suggestion of a line waits": """
        SELECT transaction_id FROM waiting GROUP BY 1 HAVING count(*) > 1""",
    "a document is settled by exactly its active allocations, between 0 and its total": """
        SELECT i.id FROM invoices i LEFT JOIN (
            SELECT a.invoice_id, sum(CASE a.document_type WHEN 'invoice' THEN 1 ELSE -1 END
                * (a.document_amount_minor + a.write_off_minor)) AS minor FROM active a GROUP BY 1
        ) s ON s.invoice_id = i.id
        WHERE i.settled_minor <> coalesce(s.minor, 0)
        OR i.settled_minor NOT BETWEEN 0 AND i.amount_minor
        OR i.status <> CASE i.settled_minor
            WHEN i.amount_minor THEN 'paid' WHEN 0 THEN 'open' ELSE 'partially_paid' END""",
    "a payout is settled by exactly its active allocations, whole or not at all": """
        SELECT p.id FROM payouts p LEFT JOIN (
            SELECT a.payout_id, sum(a.document_amount_minor) AS minor FROM active a GROUP BY 1
        ) s ON s.payout_id = p.id
        WHERE p.settled_minor <> coalesce(s.minor, 0)
        OR p.settled_minor NOT IN (0, p.amount_minor)""",
    "a credit is what its match made, used between 0 and that": """
        SELECT c.id FROM customer_credits c LEFT JOIN (
            SELECT a.credit_id, sum(greatest(a.amount_minor, 0)) AS made,
                -sum(least(a.amount_minor, 0)) AS used FROM active a GROUP BY 1
        ) s ON s.credit_id = c.id
        WHERE c.amount_minor <> coalesce(s.made, 0) OR c.used_minor <> coalesce(s.used, 0)
        OR c.used_minor NOT BETWEEN 0 AND c.amount_minor""",
    "an active match has allocations": """
        SELECT m.id FROM matches m WHERE m.status = 'active' AND NOT EXISTS (
            SELECT FROM allocations a WHERE a.match_id = m.id)""",
    "a suggestion has a match if, and only if, it was accepted": """
        SELECT id FROM suggestions WHERE (status = 'accepted') <> (match_id IS NOT NULL)""",
}
"""Sentence -> query for what breaks it; row-level security shows the tenant's rows only."""
AT_REST: Final = {
    "what the bank took back is matched with nothing, and waits for nothing": """
        SELECT id FROM transactions WHERE removed_at IS NOT NULL
        AND (settled_minor <> 0 OR match_state = 'suggested')""",
    "a match is announced once for each of its lines": _ANNOUNCED.format("matched", "true"),
    "an undoing is announced once for each of its lines": _ANNOUNCED.format(
        "unmatched", "m.status = 'undone'"
    ),
    "sequences have no gap and begin at 1": """
        SELECT tenant_id FROM outbox_events WHERE data IS NOT NULL
        GROUP BY 1 HAVING max(sequence) <> count(*) OR min(sequence) <> 1
        OR count(DISTINCT sequence) <> count(*)""",
}
_WRITTEN = (
    *("matches", "allocations", "suggestions", "learned_facts"),
    *("invoices", "payouts", "customer_credits"),
)


async def broken(database: Database, tenant_id: TenantId, rules: Mapping[str, str]) -> list[str]:
    """Return the sentences that are not true, each with a row that breaks it, of one moment."""
    told = " UNION ALL ".join(
        f"SELECT {place} AS place, row_to_json(q)::text AS row FROM ({query}) q"  # noqa: S608  our own queries
        for place, query in enumerate(rules.values())
    )
    async with database.scope(tenant_id) as scope:
        rows = (await scope.session.execute(text(f"{_NAMED} {told}"))).all()
    sentences = list(rules)
    return [f"{sentences[row.place]}: {row.row}" for row in rows]


async def versions(database: Database, tenant_id: TenantId) -> set[str]:
    """Return all that matching writes, each row with the transaction that wrote it last.

    Of a line it is no change that somebody looked at it.
    """
    rows = [f"SELECT '{name} ' || t.xmin || ' ' || t::text FROM {name} t" for name in _WRITTEN]  # noqa: S608  our own names
    lines = (
        "SELECT 'line ' || (id, match_state, settled_minor, transfer_of)::text FROM transactions"
    )
    async with database.scope(tenant_id) as scope:
        return set(await scope.session.scalars(text(" UNION ALL ".join([*rows, lines]))))
