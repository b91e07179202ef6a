"""Daily rollups: whatever changes a transaction's row calls `move` (or `tracked`) with it.

Nobody waits for anybody: rows are only added, and folded later (ADR 0011).
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import NamedTuple, cast

from sqlalchemy import Table, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.banking.models import DailyRollup, Transaction
from payymo_api.banking.repository.new_lines import NewLine
from payymo_api.core.bulk import insert_columns
from payymo_api.core.db import AnyScope, Scope
from payymo_api.core.types import AccountId, TenantId

FOLDED_AT_ONCE = 2000
_ROLLUPS = cast("Table", DailyRollup.__table__)
_FOLDING = int.from_bytes(b"fold")  # the advisory lock's first number; the tenant is the second


class Cell(NamedTuple):
    """What the statistics tell lines apart by."""

    booked_on: date
    account_id: AccountId
    currency: str
    status: str
    category: str | None
    match_state: str
    direction: str


class Counted(NamedTuple):
    cell: Cell
    amount_minor: int


DIRECTION = case(
    (Transaction.amount_minor > 0, "in"), (Transaction.amount_minor < 0, "out"), else_="zero"
)


def direction(amount_minor: int) -> str:
    return "in" if amount_minor > 0 else "out" if amount_minor < 0 else "zero"


def counted(rows: Iterable[Transaction | NewLine]) -> list[Counted]:
    """Return where lines count: nowhere once they were removed."""
    return [Counted(_cell(row), row.amount_minor) for row in rows if row.removed_at is None]


def _cell(row: Transaction | NewLine) -> Cell:
    return Cell(
        row.booked_on,
        row.account_id,
        row.currency,
        row.status,
        row.category,
        row.match_state,
        direction(row.amount_minor),
    )


@asynccontextmanager
async def tracked(scope: AnyScope, rows: Collection[Transaction]) -> AsyncIterator[None]:
    """Note what the block makes of these rows, which the caller has locked."""
    before = counted(rows)
    yield
    await move(scope, before, counted(rows))


async def move(scope: AnyScope, before: Iterable[Counted], after: Iterable[Counted]) -> None:
    """Take lines from the cells where they counted, and count them where they are now."""
    sums: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for sign, lines in ((-1, before), (1, after)):
        for cell, amount_minor in lines:
            total = sums[cell]
            total[0] += sign
            total[1] += sign * amount_minor
    rows = [(*cell, lines, minor) for cell, (lines, minor) in sums.items() if lines or minor]
    if rows:
        names = (*Cell._fields, "lines", "amount_minor")
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        await insert_columns(scope, _ROLLUPS, columns, {})


_CELL = ", ".join(Cell._fields)
_SAME = " AND ".join(f"had.{name} = due.{name}" for name in Cell._fields if name != "category")
_FOLD = text(f"""
WITH due AS (
    SELECT DISTINCT {_CELL} FROM (
        SELECT {_CELL} FROM daily_rollups WHERE tenant_id = :tenant_id AND NOT folded LIMIT :most
    ) AS news
), gone AS (
    DELETE FROM daily_rollups AS had USING due
    WHERE had.tenant_id = :tenant_id AND {_SAME} AND had.category IS NOT DISTINCT FROM due.category
    RETURNING had.*
), made AS (
    INSERT INTO daily_rollups (tenant_id, {_CELL}, lines, amount_minor, folded)
    SELECT tenant_id, {_CELL}, sum(lines), sum(amount_minor), true FROM gone
    GROUP BY tenant_id, {_CELL} HAVING sum(lines) <> 0 OR sum(amount_minor) <> 0
)
SELECT count(*) FROM gone
""")  # noqa: S608  our own column names
_DIFFERENCES = f"""
SELECT tenant_id, {_CELL}, sum(lines) AS lines, sum(amount_minor) AS amount_minor FROM (
    SELECT tenant_id, {_CELL}, -lines AS lines, -amount_minor AS amount_minor
    FROM daily_rollups WHERE tenant_id = :tenant_id
    UNION ALL
    SELECT tenant_id, {_CELL.removesuffix("direction")}
        CASE sign(amount_minor) WHEN 1 THEN 'in' WHEN -1 THEN 'out' ELSE 'zero' END,
        1, amount_minor
    FROM transactions WHERE tenant_id = :tenant_id AND removed_at IS NULL
) AS parts
GROUP BY tenant_id, {_CELL} HAVING sum(lines) <> 0 OR sum(amount_minor) <> 0
"""  # noqa: S608  our own column names
_MEND = text(f"INSERT INTO daily_rollups (tenant_id, {_CELL}, lines, amount_minor) {_DIFFERENCES}")

_NO_HURRY = text("SET LOCAL statement_timeout = 0")  # every line is read, at an operator's request


async def unfolded(session: AsyncSession, limit: int) -> Sequence[TenantId]:
    """Tenants with rows to fold; as `payymo_system`."""
    statement = select(DailyRollup.tenant_id).where(~DailyRollup.folded).distinct().limit(limit)
    return (await session.scalars(statement)).all()


async def fold(scope: Scope) -> int:
    """Make one row of each cell that has news; return how many rows that replaces.

    One statement deletes and inserts, so whoever reads meanwhile sees the rows before or after.
    """
    lock = func.pg_try_advisory_xact_lock(_FOLDING, func.hashtext(str(scope.tenant_id)))
    if not await scope.session.scalar(select(lock)):
        return 0
    found = await scope.session.scalar(
        _FOLD, {"tenant_id": scope.tenant_id, "most": FOLDED_AT_ONCE}
    )
    return int(found or 0)


async def differences(scope: Scope) -> int:
    """Return how many cells are not what the lines add up to: none, unless somebody meddled."""
    await scope.session.execute(_NO_HURRY)
    statement = text(f"SELECT count(*) FROM ({_DIFFERENCES}) AS found")  # noqa: S608  ours
    return int(await scope.session.scalar(statement, {"tenant_id": scope.tenant_id}) or 0)


async def mend(scope: Scope) -> None:
    """Add what is missing, in one statement: what is written meanwhile stays exact."""
    await scope.session.execute(_NO_HURRY)
    await scope.session.execute(_MEND, {"tenant_id": scope.tenant_id})
