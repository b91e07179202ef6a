"""Sums of lines: integers added up by PostgreSQL, in one statement, so that they fit each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    cast,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from payymo_api.banking.models import DailyRollup, Transaction
from payymo_api.banking.repository.rollups import DIRECTION
from payymo_api.banking.repository.transactions import (
    TransactionRepository,
    common_conditions,
    narrowed,
)
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
class Statistics:
    currencies: Sequence[Total]
    by_category: Sequence[Total]
    by_period: Sequence[Total]
    count: int
    matched: int


async def statistics(scope: Scope, filters: LineFilters, period: str) -> Statistics:
    """Add up daily rollups; lines where a filter asks for what rollups don't tell apart."""
    source = _of_lines if _needs_lines(filters) else _of_rollups
    rows = (await scope.session.execute(_summed(source(scope, filters, period)))).all()
    everything = next(row for row in rows if row.level == _EVERYTHING)
    return Statistics(
        [_total(None, row) for row in rows if row.level == _PER_CURRENCY],
        [_total(row.category, row) for row in rows if row.level == _PER_CATEGORY],
        [_total(row.starts_on, row) for row in rows if row.level == _PER_PERIOD],
        int(everything.count or 0),
        int(everything.matched or 0),
    )


def _needs_lines(filters: LineFilters) -> bool:
    asked = (filters.min_amount_minor, filters.max_amount_minor, filters.q, filters.updated_since)
    return any(each is not None for each in asked)


def _of_rollups(scope: Scope, filters: LineFilters, period: str) -> Select[Any]:
    rollup = DailyRollup
    statement = select(
        _starts_on(period, rollup.booked_on),
        rollup.currency,
        rollup.category,
        rollup.match_state,
        rollup.direction,
        rollup.lines,
        rollup.amount_minor,
    ).where(rollup.tenant_id == scope.tenant_id, *common_conditions(rollup, filters))
    if filters.direction:
        statement = statement.where(rollup.direction == filters.direction)
    return statement


def _of_lines(scope: Scope, filters: LineFilters, period: str) -> Select[Any]:
    return narrowed(TransactionRepository(scope).select(), filters).with_only_columns(
        _starts_on(period, Transaction.booked_on),
        Transaction.currency,
        Transaction.category,
        Transaction.match_state,
        DIRECTION.label("direction"),
        literal(1, Integer).label("lines"),
        Transaction.amount_minor,
    )


def _starts_on(period: str, booked_on: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Days, ISO weeks or months of `booked_on`, a date without zone from end to end."""
    day = func.date_trunc(period, cast(booked_on, DateTime()))
    return cast(day, Date).label("starts_on")


_PER_CURRENCY, _PER_CATEGORY, _PER_PERIOD, _EVERYTHING = 0b110, 0b010, 0b100, 0b111
"""What GROUPING(category, starts_on, currency) says: a bit is set where a row spans them all."""


def _summed(source: Select[Any]) -> Select[Any]:
    """Four groupings of one pass; cells that nothing is left of make no group."""
    cells = source.subquery()
    by = cells.c
    keys = (by.category, by.starts_on, by.currency)
    level = func.grouping(*keys)
    count = func.sum(by.lines)
    groups = func.grouping_sets(
        tuple_(by.currency),
        tuple_(by.category, by.currency),
        tuple_(by.starts_on, by.currency),
        tuple_(),
    )
    return (
        select(
            *keys,
            level.label("level"),
            count.label("count"),
            func.sum(by.lines).filter(by.match_state == "matched").label("matched"),
            func.sum(by.amount_minor).filter(by.direction == "in").label("incoming"),
            func.sum(by.amount_minor).filter(by.direction == "out").label("outgoing"),
        )
        .group_by(groups)
        .having((count != 0) | (level == _EVERYTHING))
        .order_by(*keys)
    )


def _total(group: Any, row: Any) -> Total:  # noqa: ANN401  a row of `_summed`
    return Total(
        group, row.currency, int(row.count), int(row.incoming or 0), int(row.outgoing or 0)
    )
