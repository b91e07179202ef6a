from typing import TypeVar

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.fields import Answer, money_fields
from payymo_api.core.money import Money
from payymo_api.reconciliation.repository.overview import Overview, Rows
from payymo_api.reconciliation.schemas import (
    AgeSum,
    DocumentSum,
    LineSum,
    MoneySum,
    StatusAnswer,
)

_NOT_EXPLAINED = {"unmatched", "suggested", "partial"}
SumT = TypeVar("SumT", bound=Answer)


async def status(scope: Scope) -> StatusAnswer:
    """Count and sum everything now, in one snapshot per figure."""
    overview, today = Overview(scope), now().date()
    lines = await overview.lines()
    return StatusAnswer(
        lines=_sums(lines, LineSum),
        invoices=_sums(await overview.documents(), DocumentSum),
        ageing=_sums(await overview.ageing(today), AgeSum),
        unexplained=_unexplained(lines),
        on_account=_sums(await overview.on_account(), MoneySum),
        as_of=today,
    )


def _sums(rows: Rows, model: type[SumT]) -> list[SumT]:
    return [
        model.model_validate(
            {**each, **money_fields(Money(each["amount_minor"], each["currency"]))}
        )
        for each in (row._asdict() for row in rows)
    ]


def _unexplained(lines: Rows) -> list[MoneySum]:
    """Money in of lines that are not matched at all, or in part only: what is left of it."""
    left: dict[str, tuple[int, int]] = {}
    for line in _sums(lines, LineSum):
        if line.direction == "credit" and line.match_state in _NOT_EXPLAINED:
            count, minor = left.get(line.currency, (0, 0))
            rest = line.amount_minor - line.settled_minor
            left[line.currency] = count + line.count, minor + rest
    return [
        MoneySum.model_validate({"count": count, **money_fields(Money(minor, currency))})
        for currency, (count, minor) in sorted(left.items())
    ]
