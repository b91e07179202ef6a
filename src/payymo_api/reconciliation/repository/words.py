"""The words of lines that were matched, and of those that belong nowhere."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from payymo_api.core.db import AnyScope, Scope
from payymo_api.core.writes import Write
from payymo_api.reconciliation.rules.memory import EVERY, Sides


class Summary(NamedTuple):
    """From how much words were learned."""

    words: int
    nowhere: int
    matched: int


class WordRepository:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def known(self, words: Collection[str]) -> Mapping[str, Sides]:
        """Return in how many lines each of these stood, and under `EVERY` how many there were."""
        rows = await self._scope.fetch(_KNOWN, self._scope.tenant_id, [EVERY, *words])
        return {row["word"]: (row["nowhere"], row["matched"]) for row in rows}

    async def summary(self) -> Summary:
        (row,) = await self._scope.fetch(_SUMMARY, self._scope.tenant_id)
        return Summary(**row)

    async def forget(self) -> None:
        await self._scope.write(Write(_FORGOTTEN, [self._scope.tenant_id] * 2))


def heard(
    scope: AnyScope, side: Literal["matched", "nowhere"], lines: Mapping[str, int], times: int = 1
) -> list[Write]:
    """Count in how many more lines of this side each word stood; -1 `times`: how many fewer."""
    if not lines:
        return []
    words = sorted(lines)
    counts = [times * lines[word] for word in words]
    return [Write(_HEARD[side], [scope.tenant_id, words, counts])]


_SLOTS = 8
_KNOWN = """
SELECT word, greatest(sum(nowhere), 0)::bigint AS nowhere,
    greatest(sum(matched), 0)::bigint AS matched
FROM learned_words WHERE tenant_id = $1 AND word = ANY($2::text[]) GROUP BY word
"""
_SUMMARY = """
SELECT count(DISTINCT word) FILTER (WHERE word <> '') AS words,
    coalesce(greatest(sum(nowhere) FILTER (WHERE word = ''), 0), 0)::bigint AS nowhere,
    coalesce(greatest(sum(matched) FILTER (WHERE word = ''), 0), 0)::bigint AS matched
FROM learned_words WHERE tenant_id = $1
"""
_HEARD = {
    side: (
        f"INSERT INTO learned_words (tenant_id, word, slot, {side})"  # noqa: S608  our own names
        f" SELECT {{}}::uuid, told.word, pg_backend_pid() % {_SLOTS}, told.lines"
        " FROM unnest({}::text[], {}::bigint[]) AS told (word, lines)"
        " ON CONFLICT (tenant_id, word, slot) DO UPDATE"
        f" SET {side} = learned_words.{side} + excluded.{side}"
    )
    for side in ("matched", "nowhere")
}
"""Everyone locks the words of a slot in their order, and after the facts: nobody waits crosswise.
Of the writes of one statement PostgreSQL does the last first."""
_FORGOTTEN = (
    "DELETE FROM learned_words WHERE tenant_id = {}::uuid AND (word, slot) IN ("
    "SELECT word, slot FROM learned_words WHERE tenant_id = {}::uuid"
    ' ORDER BY word COLLATE "C", slot FOR UPDATE)'
)
