from collections.abc import Collection, Sequence
from datetime import date
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, update

from payymo_api.banking.models import BankAccount, DailyRollup, Transaction
from payymo_api.banking.schemas.transactions import LineFilters
from payymo_api.core.db import AnyScope
from payymo_api.core.page import Keyset
from payymo_api.core.repository import TenantRepository, among, changes, locked
from payymo_api.core.types import TransactionId
from payymo_api.core.writes import Write

_SEARCHED = (
    Transaction.description,
    Transaction.counterparty_name,
    Transaction.reference,
    Transaction.note,
)


class TransactionRepository(TenantRepository[Transaction]):
    model = Transaction
    orders: ClassVar[dict[str, Keyset[Transaction]]] = {
        sort: Keyset[Transaction](
            (Transaction.booked_on, Transaction.id),
            lambda row: (row.booked_on, row.id),
            (date, UUID),
            descending=sort.startswith("-"),
        )
        for sort in ("booked_on", "-booked_on")
    }

    async def locked(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        """Return the lines, their rows locked in id order until the transaction ends."""
        statement = (
            self.select()
            .where(among(Transaction.id, ids))
            .order_by(Transaction.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    async def locked_with_partners(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        """`locked`, and with a line of an own transfer its other line."""
        statement = (
            self.select()
            .where(or_(among(Transaction.id, ids), among(Transaction.transfer_of, ids)))
            .order_by(Transaction.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()

    async def known(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        return (await self._session.scalars(self.select().where(among(Transaction.id, ids)))).all()

    async def fresh(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        """Return the lines as this transaction has written them."""
        if not ids:
            return []
        statement = self.select().where(among(Transaction.id, ids)).order_by(Transaction.id)
        return (
            await self._session.scalars(statement.execution_options(populate_existing=True))
        ).all()

    @staticmethod
    def settle(line: Transaction, minor: int) -> None:
        """Move a locked line's settled amount; a CHECK keeps it between 0 and the line's amount."""
        line.settled_minor += minor
        if line.settled_minor == line.amount_minor:
            line.match_state = "matched"
        else:
            at_rest = "ignored" if line.transfer_of else "unmatched"
            line.match_state = "partial" if line.settled_minor else at_rest

    @staticmethod
    def note_suggested(line: Transaction, *, waits: bool) -> None:
        """Note whether a suggestion for a locked line waits, if nothing of the line is settled."""
        if line.match_state in {"unmatched", "suggested"}:
            line.match_state = "suggested" if waits else "unmatched"

    async def note_examined(self, ids: Collection[TransactionId]) -> None:
        """Note that matching has looked at the lines; no news for the change feed."""
        await self._session.execute(
            update(Transaction)
            .where(Transaction.tenant_id == self._tenant_id, among(Transaction.id, ids))
            .values(examined_at=func.now(), **_UNCHANGED)
            .execution_options(synchronize_session=False)
        )

    async def examine_again(self, ids: Collection[TransactionId] | None = None) -> int:
        """Let matching look anew at these lines, or at all that are not matched; return how many.

        Their rows are locked in id order, as everyone's are.
        """
        waiting = select(Transaction.id).where(
            Transaction.tenant_id == self._tenant_id,
            Transaction.match_state.in_(("unmatched", "suggested")),
            Transaction.examined_at.is_not(None),
        )
        if ids is not None:
            waiting = waiting.where(among(Transaction.id, ids))
        held = (
            await self._session.scalars(
                waiting.order_by(Transaction.id).with_for_update(key_share=True)
            )
        ).all()
        await self._session.execute(
            update(Transaction)
            .where(Transaction.tenant_id == self._tenant_id, among(Transaction.id, held))
            .values(examined_at=None, **_UNCHANGED)
            .execution_options(synchronize_session=False)
        )
        return len(held)


_SETTLED = (
    "id",
    "account_id",
    "status",
    "amount_minor",
    "currency",
    "booked_on",
    "counterparty_name",
    "counterparty_iban",
    "description",
    "reference",
    "end_to_end_id",
    "raw",
    "category",
    "match_state",
    "settled_minor",
    "transfer_of",
    "removed_at",
)


async def lines_to_settle(scope: AnyScope, ids: Collection[TransactionId]) -> list[Transaction]:
    """Return the lines, those that the bank took back too, locked: see `repository.locked`."""
    return await locked(scope, Transaction, _SETTLED, ids)


def lines_settled(scope: AnyScope, lines: Sequence[Transaction]) -> list[Write]:
    return changes(scope, lines, ("settled_minor", "match_state"))


_UNCHANGED = {"changed_xid": Transaction.changed_xid, "updated_at": Transaction.updated_at}


def narrowed(statement: Select[Transaction], filters: LineFilters) -> Select[Transaction]:
    """Keep what the filters ask for; `statement` has the tenant already."""
    return statement.where(*common_conditions(Transaction, filters), *_of_lines(filters))


def common_conditions(
    rows: type[Transaction | DailyRollup], filters: LineFilters
) -> list[ColumnElement[bool]]:
    """The filters that lines and their daily rollups answer alike."""
    wanted = (
        (rows.account_id, filters.account_id),
        (rows.status, filters.status),
        (rows.category, filters.category),
        (rows.match_state, filters.match_state),
        (rows.currency, filters.currency),
    )
    found = [column == value for column, value in wanted if value is not None]
    if filters.date_from is not None:
        found.append(rows.booked_on >= filters.date_from)
    if filters.date_to is not None:
        found.append(rows.booked_on <= filters.date_to)
    if filters.connection_id is not None:
        accounts = select(BankAccount.id).where(
            BankAccount.tenant_id == rows.tenant_id,
            BankAccount.connection_id == filters.connection_id,
        )
        found.append(rows.account_id.in_(accounts))
    return found


def _of_lines(filters: LineFilters) -> list[ColumnElement[bool]]:
    amount = Transaction.amount_minor
    found = []
    if filters.direction is not None:
        found.append(amount > 0 if filters.direction == "in" else amount < 0)
    if filters.min_amount_minor is not None:
        found.append(amount >= filters.min_amount_minor)
    if filters.max_amount_minor is not None:
        found.append(amount <= filters.max_amount_minor)
    if filters.updated_since is not None:
        found.append(Transaction.updated_at >= filters.updated_since)
    if filters.q is not None:
        words = func.lower(filters.q)
        found.append(or_(*(func.strpos(func.lower(each), words) > 0 for each in _SEARCHED)))
    return found
