import json
from collections.abc import Collection, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, exists, or_

from payymo_api.core.db import AnyScope, TenantOwned
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among, changes, locked
from payymo_api.core.types import (
    CreditId,
    MatchId,
    TransactionId,
    parse_public_id,
)
from payymo_api.core.writes import Write, inserted
from payymo_api.reconciliation.models import Allocation, CustomerCredit, Match
from payymo_api.reconciliation.schemas import CreditFilters, MatchFilters

_DOCUMENT_COLUMNS = {
    "inv": Allocation.invoice_id,
    "spo": Allocation.payout_id,
    "cred": Allocation.credit_id,
}


class MatchRepository(TenantRepository[Match]):
    model = Match
    by_id = Keyset[Match]((Match.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: MatchFilters) -> Page[Match]:
        statement = self.select()
        if filters.source:
            statement = statement.where(Match.source == filters.source)
        if filters.status:
            statement = statement.where(Match.status == filters.status)
        try:
            named = _named(filters)
        except (ValueError, KeyError):
            return Page([], None)
        for condition in named:
            statement = statement.where(
                exists().where(
                    Allocation.tenant_id == self._tenant_id,
                    Allocation.match_id == Match.id,
                    condition,
                )
            )
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def of_line(self, id: TransactionId) -> Sequence[Match]:
        """Return the line's active matches, the latest first."""
        of_line = exists().where(
            Allocation.tenant_id == self._tenant_id,
            Allocation.match_id == Match.id,
            Allocation.transaction_id == id,
        )
        statement = self.select().where(Match.status == "active", of_line)
        return (await self._session.scalars(statement.order_by(Match.id.desc()))).all()

    async def active_locked(self, ids: Collection[MatchId]) -> Sequence[Match]:
        """Return those that are not undone, locked in id order until the transaction ends."""
        statement = self.select().where(among(Match.id, ids), Match.status == "active")
        held = statement.order_by(Match.id).with_for_update(key_share=True)
        return (await self._session.scalars(held)).all()

    async def sharing(self, ids: Collection[MatchId]) -> Sequence[Match]:
        """Return the other active matches that share a line, a document or a credit with these."""
        mine = await AllocationRepository(self.scope).of(ids)
        shared = [
            among(column, {value for each in mine if (value := getattr(each, column.key))})
            for column in (Allocation.transaction_id, *_DOCUMENT_COLUMNS.values())
        ]
        touching = exists().where(
            Allocation.tenant_id == self._tenant_id, Allocation.match_id == Match.id, or_(*shared)
        )
        others = self.select().where(Match.status == "active", Match.id.not_in(ids), touching)
        return (await self._session.scalars(others)).all()


def _named(filters: MatchFilters) -> list[ColumnElement[bool]]:
    """ValueError or KeyError for what is no id, or of nothing that can be matched."""
    found: list[ColumnElement[bool]] = []
    if filters.transaction_id:
        found.append(Allocation.transaction_id == parse_public_id("tr", filters.transaction_id))
    if filters.document_id:
        prefix = filters.document_id.partition("_")[0]
        column = _DOCUMENT_COLUMNS[prefix]
        found.append(column == parse_public_id(prefix, filters.document_id))
    return found


class AllocationRepository(TenantRepository[Allocation]):
    model = Allocation

    async def of(self, matches: Collection[MatchId]) -> Sequence[Allocation]:
        """Return the matches' allocations in the order in which they were made."""
        statement = self.select().where(Allocation.match_id.in_(matches)).order_by(Allocation.id)
        return (await self._session.scalars(statement)).all()


class CreditRepository(TenantRepository[CustomerCredit]):
    model = CustomerCredit
    by_id = Keyset[CustomerCredit]((CustomerCredit.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: CreditFilters) -> Page[CustomerCredit]:
        statement = self.select().where(CustomerCredit.amount_minor > 0)
        if filters.currency:
            statement = statement.where(CustomerCredit.currency == filters.currency)
        if filters.customer_id:
            try:
                id = parse_public_id("cust", filters.customer_id)
            except ValueError:
                return Page([], None)
            statement = statement.where(CustomerCredit.customer_id == id)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)


async def credits_to_use(scope: AnyScope, ids: Collection[CreditId]) -> list[CustomerCredit]:
    """Return the credits, locked: see `core.repository.locked`."""
    return await locked(scope, CustomerCredit, _USED, ids)


def credits_used(scope: AnyScope, credits: Sequence[CustomerCredit]) -> list[Write]:
    return changes(scope, credits, ("amount_minor", "used_minor"))


_USED = ("id", "transaction_id", "amount_minor", "used_minor", "currency")


def made(scope: AnyScope, rows: Sequence[TenantOwned], attributes: Sequence[str]) -> list[Write]:
    """Return what inserts the rows, all of one table, with these attributes."""
    if not rows:
        return []
    columns = {name: [_sent(getattr(row, name)) for row in rows] for name in attributes}
    return [inserted(scope.tenant_id, cast("Table", rows[0].__table__), columns)]


def _sent(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value
