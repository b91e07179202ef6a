"""Change feeds: what was added, modified and removed since a cursor; no late commit is skipped.

A row's place is (id of the transaction that changed it last, row id). Only rows below the oldest
transaction still running are shown: whatever commits later has a higher place (ADR 0005).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, select, text, tuple_

from payymo_api.core.db import Fed, Scope
from payymo_api.core.fields import Answer
from payymo_api.core.page import decode, encode
from payymo_api.core.types import public_id

FedT = TypeVar("FedT", bound=Fed)
ItemT = TypeVar("ItemT", bound=BaseModel)
Place = tuple[int, UUID]
START: Place = (0, UUID(int=0))
_SETTLED = text("(pg_snapshot_xmin(pg_current_snapshot())::text)::bigint")


@dataclass(frozen=True)
class Changes(Generic[FedT]):
    """One page of a feed; `next_cursor` is there even when nothing is new, to ask again with."""

    added: Sequence[FedT]
    modified: Sequence[FedT]
    removed: Sequence[FedT]
    has_more: bool
    next_cursor: str


async def changes(scope: Scope, model: type[FedT], cursor: str | None, limit: int) -> Changes[FedT]:
    """Return what changed behind `cursor`; ValidationFailed if it is none of a feed's."""
    since = _place(cursor)
    rows = (await scope.session.scalars(_behind(scope, model, since).limit(limit + 1))).all()
    shown = rows[:limit]
    there = [row for row in shown if row.removed_at is None]
    return Changes(
        added=[row for row in there if (row.created_xid, _id(row)) > since],
        modified=[row for row in there if (row.created_xid, _id(row)) <= since],
        removed=[row for row in shown if row.removed_at is not None],
        has_more=len(rows) > limit,
        next_cursor=encode((shown[-1].changed_xid, _id(shown[-1])) if shown else since),
    )


def _place(cursor: str | None) -> Place:
    if cursor is None:
        return START
    xid, id = decode(cursor, (int, UUID))
    assert isinstance(xid, int)
    assert isinstance(id, UUID)
    return xid, id


def _behind(scope: Scope, model: type[FedT], since: Place) -> Select[FedT]:
    """Removed rows too; a first reading leaves them out, nobody there knows them."""
    id: ColumnElement[Any] = model.id  # type: ignore[attr-defined]  # every fed table has one
    place = tuple_(model.changed_xid, id)
    statement = select(model).where(
        model.tenant_id == scope.tenant_id, place > since, model.changed_xid < _SETTLED
    )
    if since == START:
        statement = statement.where(model.removed_at.is_(None))
    return statement.order_by(model.changed_xid, id)


def _id(row: Fed) -> UUID:
    id: UUID = row.id  # type: ignore[attr-defined]  # every fed table has one
    return id


class Removed(Answer):
    id: str


class Feed(Answer, Generic[ItemT]):
    """What changed since the cursor. Treat added and modified alike if you keep a copy: upsert."""

    added: Sequence[ItemT]
    modified: Sequence[ItemT]
    removed: Sequence[Removed]
    has_more: bool
    next_cursor: str

    @classmethod
    def of(cls, found: Changes[FedT], prefix: str, answer: Callable[[FedT], ItemT]) -> Self:
        return cls(
            added=[answer(row) for row in found.added],
            modified=[answer(row) for row in found.modified],
            removed=[Removed(id=public_id(prefix, _id(row))) for row in found.removed],
            has_more=found.has_more,
            next_cursor=found.next_cursor,
        )
