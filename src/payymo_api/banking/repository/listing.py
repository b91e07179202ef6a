"""The list of transactions, which is read all the time."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Select, null, select
from sqlalchemy.orm import aliased

from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository.transactions import TransactionRepository, narrowed
from payymo_api.banking.schemas.transactions import TransactionAnswer, TransactionFilters
from payymo_api.core.db import ME, ReadScope
from payymo_api.core.page import Page, decode, encode
from payymo_api.core.prepared import Prepared

_Owner = aliased(BankAccount)
_PLACE = ("after_day", "after_id")
_ELSEWHERE: Mapping[str, Any] = {
    "connection_id": _Owner.connection_id,
    "amount": Transaction.amount_minor,
    "counterparty": Transaction.counterparty_name,
    "raw": null(),
}
"""Fields of the answer that are no column of their name."""


class TransactionList:
    """Rows with the answer's fields, in their order, and `counterparty_iban`."""

    def __init__(self, scope: ReadScope) -> None:
        self._scope = scope

    async def page(self, filters: TransactionFilters) -> Page[asyncpg.Record]:
        """The order is that of `ix_transactions_listed`: a page is a range of the index."""
        values = {**dict(filters), "limit": filters.limit + 1}
        if filters.cursor is not None:
            types = TransactionRepository.orders[filters.sort].types
            values |= dict(zip(_PLACE, decode(filters.cursor, types), strict=True))
        text, bound = LISTED.statement(values)
        rows: Sequence[asyncpg.Record] = await self._scope.fetch(text, *bound)
        more = len(rows) > filters.limit
        rows = rows[: filters.limit]
        return Page(rows, encode((rows[-1]["booked_on"], rows[-1]["id"])) if more else None)


def _statement(filters: TransactionFilters) -> Select[Any]:
    own = (
        select(*_columns())
        .join(
            _Owner,
            (_Owner.tenant_id == Transaction.tenant_id) & (_Owner.id == Transaction.account_id),
        )
        .where(Transaction.tenant_id == ME, Transaction.removed_at.is_(None))
    )
    order = TransactionRepository.orders[filters.sort]
    place = None if filters.cursor is None else order.bound(_PLACE)
    return order.behind(narrowed(own, filters), place).limit(filters.limit)


def _columns() -> list[Any]:
    shown = [
        (_ELSEWHERE[name] if name in _ELSEWHERE else getattr(Transaction, name)).label(name)
        for name in TransactionAnswer.model_fields
    ]
    return [*shown, Transaction.counterparty_iban]


LISTED = Prepared(TransactionFilters, _statement)
