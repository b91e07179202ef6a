"""Where reconciliation stands: counts and sums, computed by PostgreSQL."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Row, Select, case, cast, func, select

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.invoicing.models import Invoice
from payymo_api.reconciliation.models import CustomerCredit

Rows = Sequence[Row[Any]]
_AGES = ((90, "over_90"), (60, "61-90"), (30, "31-60"), (0, "1-30"))
"""More days overdue than this, the oldest first."""
_CLOSED = ("paid", "void")
_COUNT = func.count().label("count")


def _sum(column: Any) -> Any:  # noqa: ANN401  an SQL expression in, one out
    return cast(func.sum(column), BigInteger)


class Overview:
    """Each method returns rows whose columns have the names of the answer's fields."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def lines(self) -> Rows:
        direction = case((Transaction.amount_minor < 0, "debit"), else_="credit")
        return await self._rows(
            select(
                Transaction.match_state,
                direction.label("direction"),
                Transaction.currency,
                _COUNT,
                _sum(Transaction.amount_minor).label("amount_minor"),
                _sum(Transaction.settled_minor).label("settled_minor"),
            )
            .where(
                Transaction.tenant_id == self._scope.tenant_id,
                Transaction.status == "booked",
                Transaction.removed_at.is_(None),
            )
            .group_by(Transaction.match_state, direction, Transaction.currency)
            .order_by(Transaction.currency, Transaction.match_state, direction)
        )

    async def documents(self) -> Rows:
        return await self._rows(
            select(
                Invoice.kind,
                Invoice.status,
                Invoice.currency,
                _COUNT,
                _sum(Invoice.amount_minor).label("amount_minor"),
                _sum(case((Invoice.status.in_(_CLOSED), 0), else_=Invoice.open_minor)).label(
                    "open_minor"
                ),
            )
            .where(Invoice.tenant_id == self._scope.tenant_id, Invoice.removed_at.is_(None))
            .group_by(Invoice.kind, Invoice.status, Invoice.currency)
            .order_by(Invoice.currency, Invoice.kind, Invoice.status)
        )

    async def ageing(self, today: date) -> Rows:
        """An invoice without a due date is never overdue."""
        days = today - Invoice.due_on
        age = case(*((days > more, name) for more, name in _AGES), else_="not_due")
        aged = (
            select(age.label("days_overdue"), Invoice.currency, Invoice.open_minor)
            .where(
                Invoice.tenant_id == self._scope.tenant_id,
                Invoice.removed_at.is_(None),
                Invoice.kind == "invoice",
                Invoice.status.in_(("open", "partially_paid")),
            )
            .subquery()
        )
        return await self._rows(
            select(
                aged.c.days_overdue,
                aged.c.currency,
                _COUNT,
                _sum(aged.c.open_minor).label("amount_minor"),
            )
            .group_by(aged.c.days_overdue, aged.c.currency)
            .order_by(aged.c.currency, aged.c.days_overdue)
        )

    async def on_account(self) -> Rows:
        left = CustomerCredit.amount_minor - CustomerCredit.used_minor
        return await self._rows(
            select(CustomerCredit.currency, _COUNT, _sum(left).label("amount_minor"))
            .where(CustomerCredit.tenant_id == self._scope.tenant_id, left > 0)
            .group_by(CustomerCredit.currency)
            .order_by(CustomerCredit.currency)
        )

    async def _rows(self, statement: Select[Any]) -> Rows:
        rows: Rows = (await self._scope.session.execute(statement)).all()
        return rows
