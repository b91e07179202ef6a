"""Sums of lines: integers added up by PostgreSQL, whatever the filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Date, DateTime, Select, case, cast, func, null, select

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository.transactions import TransactionRepository, narrowed
from payymo_api.banking.schemas.transactions import LineFilters
from payymo_api.core.db import Scope


@dataclass(frozen=True, slots=True)
class Total:
    """Minor units of one currency; `group` is a category or a period's first day."""

    group: Any
    currency: str
    count: int
    incoming: int
    outgoing: int


@dataclass(frozen=True, slots=True)
class Counts:
    count: int
    matched: int


async def totals(scope: Scope, filters: LineFilters) -> Sequence[Total]:
    return await _grouped(scope, filters, None)


async def by_category(scope: Scope, filters: LineFilters) -> Sequence[Total]:
    return await _grouped(scope, filters, Transaction.category)


async def by_period(scope: Scope, filters: LineFilters, period: str) -> Sequence[Total]:
    """Days, ISO weeks or months of `booked_on`, a date without zone from end to end."""
    day = func.date_trunc(period, cast(Transaction.booked_on, DateTime()))
    return await _grouped(scope, filters, cast(day, Date))


async def counts(scope: Scope, filters: LineFilters) -> Counts:
    lines = _lines(scope, filters).subquery()
    matched = func.count().filter(lines.c.match_state == "matched")
    row = (await scope.session.execute(select(func.count(), matched).select_from(lines))).one()
    return Counts(row[0], row[1])


def _lines(scope: Scope, filters: LineFilters) -> Select[Transaction]:
    return narrowed(TransactionRepository(scope).select(), filters)


async def _grouped(scope: Scope, filters: LineFilters, group: Any) -> Sequence[Total]:  # noqa: ANN401  any column
    amount = Transaction.amount_minor
    keys = [Transaction.currency] if group is None else [group, Transaction.currency]
    statement = (
        _lines(scope, filters)
        .with_only_columns(
            null() if group is None else group,
            Transaction.currency,
            func.count(),
            func.coalesce(func.sum(case((amount > 0, amount))), 0),
            func.coalesce(func.sum(case((amount < 0, amount))), 0),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    rows = (await scope.session.execute(statement)).all()
    return [Total(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]
