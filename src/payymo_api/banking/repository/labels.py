"""Merchants and categories of lines: read in bounded steps, written in one statement."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol, cast

from sqlalchemy import (
    Table,
    Text,
    Uuid,
    column,
    func,
    inspect,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository.rollups import tracked
from payymo_api.banking.rules.categorising import Described, Label
from payymo_api.core.db import XID, Scope
from payymo_api.core.types import AccountId, TransactionId

_LINES = cast("Table", Transaction.__table__)
READ = (
    Transaction.id,
    Transaction.account_id,
    Transaction.amount_minor,
    Transaction.currency,
    Transaction.booked_on,
    Transaction.description,
    Transaction.reference,
    Transaction.counterparty_name,
    Transaction.counterparty_iban,
    Transaction.merchant,
    Transaction.category,
    Transaction.category_source,
    Transaction.transfer_of,
)


class Labelled(Described, Protocol):
    """A line that we have, whole or as far as labels need it."""

    @property
    def id(self) -> TransactionId: ...
    @property
    def account_id(self) -> AccountId: ...
    @property
    def merchant(self) -> str | None: ...
    @property
    def category(self) -> str | None: ...
    @property
    def category_source(self) -> str | None: ...
    @property
    def booked_on(self) -> date: ...
    @property
    def transfer_of(self) -> TransactionId | None: ...


async def after(scope: Scope, id: TransactionId | None, limit: int) -> Sequence[Labelled]:
    """Return the next lines in the order of their ids."""
    statement = _lines(scope).order_by(Transaction.id).limit(limit)
    if id is not None:
        statement = statement.where(Transaction.id > id)
    return cast("Sequence[Labelled]", (await scope.session.execute(statement)).all())


async def before(
    scope: Scope, place: tuple[date, TransactionId] | None, limit: int
) -> Sequence[Labelled]:
    """Return the next older lines, the newest day first."""
    order = (Transaction.booked_on, Transaction.id)
    statement = _lines(scope).order_by(*(each.desc() for each in order)).limit(limit)
    if place is not None:
        statement = statement.where(tuple_(*order) < place)
    return cast("Sequence[Labelled]", (await scope.session.execute(statement)).all())


def _lines(scope: Scope) -> Any:  # noqa: ANN401  more columns than typing can count
    return select(*READ).where(
        Transaction.tenant_id == scope.tenant_id, Transaction.removed_at.is_(None)
    )


async def write(
    scope: Scope, labelled: Sequence[tuple[Transaction, Label]], moment: datetime
) -> None:
    """Write labels into rows that are locked, and into the loaded objects alike."""
    if not labelled:
        return
    new = (
        func.unnest(
            literal([row.id for row, _ in labelled], ARRAY(Uuid())),
            *(
                literal([getattr(label, name) for _, label in labelled], ARRAY(Text()))
                for name in Label.__slots__
            ),
        )
        .table_valued(column("id", Uuid()), *(column(name, Text()) for name in Label.__slots__))
        .render_derived(name="label")
    )
    await scope.session.execute(
        update(_LINES)
        .where(_LINES.c.tenant_id == scope.tenant_id, _LINES.c.id == new.c.id)
        .values({name: new.c[name] for name in Label.__slots__})
        .values(changed_xid=XID, updated_at=moment)
    )
    async with tracked(scope, [row for row, _ in labelled]):
        for row, label in labelled:
            if inspect(row).persistent:
                scope.session.expunge(row)  # the loaded row only tells the news
            for name in Label.__slots__:
                setattr(row, name, getattr(label, name))
            row.updated_at = moment
