"""What must be true when everything has settled, whatever went wrong before."""

import asyncio
from typing import Final

from sqlalchemy import text

from payymo_api.core.types import public_id
from payymo_api.webhooks.rules.subscriptions import SUMMARIES
from tests.fault.stage import Player, Stage

_PATIENCE = 120.0
_WANTED = """
    SELECT id, body FROM outbox_events
    WHERE sequence IS NOT NULL AND CASE WHEN :each_line THEN name <> ALL(:sums)
        ELSE NOT coalesce((payload ->> 'each_line')::boolean, false) END"""
"""Who asks for every line is not told the sum of an import, and the other way round."""
_OPEN = """
    SELECT (SELECT count(*) FROM outbox_events
            WHERE done_at IS NULL AND NOT (issues = 0 AND due_at > now()))
         + (SELECT count(*) FROM webhook_deliveries WHERE status = 'pending')"""

INVARIANTS: Final = {
    "a line is settled by exactly its allocations": """
        SELECT t.id FROM transactions t
        LEFT JOIN (
            SELECT a.tenant_id, a.transaction_id, sum(a.amount_minor) AS allocated
            FROM allocations a JOIN matches m
              ON m.tenant_id = a.tenant_id AND m.id = a.match_id AND m.status = 'active'
            GROUP BY 1, 2
        ) s ON s.tenant_id = t.tenant_id AND s.transaction_id = t.id
        WHERE t.settled_minor <> coalesce(s.allocated, 0)""",
    "an invoice is settled by exactly its allocations": """
        SELECT i.id FROM invoices i
        LEFT JOIN (
            SELECT tenant_id, invoice_id, sum(minor) AS settled FROM (
                SELECT a.tenant_id, a.invoice_id,
                    CASE a.document_type WHEN 'credit_note' THEN -1 ELSE 1 END
                    * a.document_amount_minor + a.write_off_minor AS minor
                FROM allocations a JOIN matches m
                  ON m.tenant_id = a.tenant_id AND m.id = a.match_id AND m.status = 'active'
                WHERE a.invoice_id IS NOT NULL
                UNION ALL SELECT tenant_id, invoice_id, amount_minor FROM payment_allocations) parts
            GROUP BY 1, 2
        ) s ON s.tenant_id = i.tenant_id AND s.invoice_id = i.id
        WHERE i.settled_minor <> coalesce(s.settled, 0)""",
    "a line of the main job is allocated once": """
        SELECT a.transaction_id FROM allocations a JOIN matches m
          ON m.tenant_id = a.tenant_id AND m.id = a.match_id AND m.status = 'active'
        GROUP BY a.transaction_id HAVING count(*) > 1""",
    "an active match has allocations": """
        SELECT m.id FROM matches m WHERE m.status = 'active' AND NOT EXISTS (
            SELECT FROM allocations a WHERE a.tenant_id = m.tenant_id AND a.match_id = m.id)""",
    "no line stands twice": """
        SELECT internal_id FROM transactions WHERE internal_id IS NOT NULL AND removed_at IS NULL
        GROUP BY tenant_id, account_id, internal_id HAVING count(*) > 1""",
    "a line is announced once": """
        SELECT payload FROM outbox_events WHERE name = 'transaction.created'
        GROUP BY tenant_id, payload, data::jsonb ->> 'transaction_id' HAVING count(*) > 1""",
    "there is an announcement for every line": """
        SELECT t.lines, e.told
        FROM (SELECT count(*) AS lines FROM transactions) t,
             (SELECT count(*) AS told FROM outbox_events WHERE name = 'transaction.created') e
        WHERE t.lines <> e.told""",
    "a match is announced once": """
        SELECT data::jsonb ->> 'match_id' FROM outbox_events WHERE name = 'transaction.matched'
        GROUP BY 1 HAVING count(*) > 1""",
    "there is an announcement for every match": """
        SELECT m.matches, e.told
        FROM (SELECT count(*) AS matches FROM matches) m,
             (SELECT count(*) AS told FROM outbox_events WHERE name = 'transaction.matched') e
        WHERE m.matches <> e.told""",
    "an invoice is announced as paid once": """
        SELECT data::jsonb ->> 'invoice_id' FROM outbox_events WHERE name = 'invoice.paid'
        GROUP BY 1 HAVING count(*) > 1""",
    "sequences have no gap": """
        SELECT tenant_id FROM outbox_events WHERE sequence IS NOT NULL
        GROUP BY tenant_id HAVING max(sequence) <> count(*) OR min(sequence) <> 1""",
    "every public event has its place": """
        SELECT id FROM outbox_events WHERE data IS NOT NULL AND sequence IS NULL""",
    "what was sent was delivered": """
        SELECT id FROM webhook_deliveries WHERE status <> 'delivered'""",
}
"""Sentence -> query of what breaks it, asked as each tenant: row-level security shows its rows."""


async def check(stage: Stage, *, alike: bool = True) -> None:
    """Wait until nothing is open any more, then look at every tenant's books and post.

    `alike`: all jobs had the same bank lines, so they came to the same end.
    """
    await _settled(stage)
    for player in stage.players:
        await _books_are_exact(stage, player)
        await _nothing_was_lost(stage, player)
    same = {(each.transactions_synced, each.matched, each.invoices_paid) for each in stage.stories}
    assert len(same) <= 1 or not alike, f"the same job came to different ends: {same}"


async def _settled(stage: Stage) -> None:
    async with asyncio.timeout(_PATIENCE):
        while True:
            async with stage.database.system() as session:
                if not await session.scalar(text(_OPEN)):
                    return
            await asyncio.sleep(0.2)


async def _books_are_exact(stage: Stage, player: Player) -> None:
    async with stage.database.scope(player.tenant_id) as scope:
        for sentence, query in INVARIANTS.items():
            broken = (await scope.session.execute(text(query))).all()
            assert not broken, f"{sentence}: {broken[:5]}"


async def _nothing_was_lost(stage: Stage, player: Player) -> None:
    """Every public event came, with exactly the bytes that are kept, under no second id."""
    wanted = text(_WANTED).bindparams(each_line=player.each_line, sums=list(SUMMARIES))
    async with stage.database.scope(player.tenant_id) as scope:
        rows = (await scope.session.execute(wanted)).all()
    kept = {public_id("evt", row.id): row.body for row in rows}
    received = player.receiver.received
    assert received.bodies.keys() ^ kept.keys() == set()
    assert received.bodies == kept
    assert (received.changed, received.refused) == (0, 0)
