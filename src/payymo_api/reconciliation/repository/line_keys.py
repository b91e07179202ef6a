"""Undecided lines, found by what they say: what is new finds those that may mean it."""

from collections.abc import Collection, Mapping
from typing import cast
from uuid import UUID

from sqlalchemy import Table

from payymo_api.core.db import Scope
from payymo_api.core.types import TransactionId
from payymo_api.core.writes import Write, inserted
from payymo_api.reconciliation.models import LineKey

Amount = tuple[str, int]


class LineKeys:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def keep(self, keys: Mapping[TransactionId, Collection[str]]) -> None:
        """Remember what lines say, in place of what was remembered of them."""
        if not keys:
            return
        await self._scope.write(Write(_FORGET, [self._scope.tenant_id, list(keys)]))
        columns: dict[str, list[object]] = {
            "key": [key for found in keys.values() for key in found],
            "transaction_id": [id for id, found in keys.items() for _ in found],
        }
        if columns["key"]:
            table = cast("Table", LineKey.__table__)
            await self._scope.write(inserted(self._scope.tenant_id, table, columns))

    async def found_by(self, keys: Collection[str]) -> set[TransactionId]:
        return await self._lines(_FOUND, list(keys))

    async def of_amounts(self, amounts: Collection[Amount]) -> set[TransactionId]:
        """Return open lines of exactly these amounts."""
        currencies = [currency for currency, _ in amounts]
        return await self._lines(_OF_AMOUNTS, currencies, [minor for _, minor in amounts])

    async def speaking_of(self, customers: Collection[UUID]) -> set[TransactionId]:
        """Return lines that say a number or an account of these, or two words of a name.

        Or whose payer has paid for one of these before.
        """
        return await self._lines(_SPEAKING, list(customers))

    async def _lines(self, statement: str, *values: object) -> set[TransactionId]:
        rows = await self._scope.fetch(statement, self._scope.tenant_id, *values)
        return {TransactionId(row["transaction_id"]) for row in rows}


_FORGET = "DELETE FROM line_keys WHERE tenant_id = {}::uuid AND transaction_id = ANY({}::uuid[])"
_FOUND = "SELECT transaction_id FROM line_keys WHERE tenant_id = $1 AND key = ANY($2::text[])"
_OF_AMOUNTS = """
SELECT t.id AS transaction_id FROM unnest($2::text[], $3::bigint[]) AS wanted (currency, minor)
JOIN transactions t ON t.tenant_id = $1 AND t.currency = wanted.currency
    AND t.amount_minor = wanted.minor
    AND t.match_state IN ('unmatched', 'suggested', 'partial')
    AND t.status = 'booked' AND t.removed_at IS NULL
"""
_SPEAKING = """
WITH names AS (
    SELECT c.customer_id, c.key, count(*) OVER (PARTITION BY c.customer_id) AS words
    FROM customer_keys c
    WHERE c.tenant_id = $1 AND c.customer_id = ANY($2::uuid[]) AND c.kind = 'word'
    AND c.key !~ '[$^]' -- a name's two ends are no words
), said AS (
    SELECT CASE c.kind WHEN 'number' THEN c.key ELSE 'account:' || c.key END AS key
    FROM customer_keys c
    WHERE c.tenant_id = $1 AND c.customer_id = ANY($2::uuid[]) AND c.kind <> 'word'
    UNION ALL
    SELECT replace(f.kind, 'payer_', '') || ':' || f.key FROM learned_facts f
    WHERE f.tenant_id = $1 AND f.customer_id = ANY($2::uuid[])
)
SELECT k.transaction_id FROM said
JOIN line_keys k ON k.tenant_id = $1 AND k.key = said.key
UNION
SELECT k.transaction_id FROM names
JOIN line_keys k ON k.tenant_id = $1 AND k.key = 'word:' || names.key
GROUP BY names.customer_id, names.words, k.transaction_id
HAVING count(*) >= least(2, names.words)
"""
