"""Queries that cannot forget the tenant."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Table, Uuid, any_, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from payymo_api.core.db import AnyScope, Scope, TenantOwned
from payymo_api.core.errors import NotFound, ValidationFailed
from payymo_api.core.writes import Write, changed

M = TypeVar("M", bound=TenantOwned)


class TenantRepository(Generic[M]):
    """Base of every repository: `select()` starts with the tenant, and skips what was removed."""

    model: type[M]

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._session = scope.session
        self._tenant_id = scope.tenant_id

    def select(self) -> Select[M]:
        statement = select(self.model).where(self.model.tenant_id == self._tenant_id)
        removed_at = getattr(self.model, "removed_at", None)
        return statement if removed_at is None else statement.where(removed_at.is_(None))

    async def find(self, id: UUID) -> M | None:
        return await self._session.scalar(self.select().where(self._id == id))

    async def get(self, id: UUID) -> M:
        """Return the row; NotFound (404) for an unknown and for another tenant's id alike."""
        found = await self.find(id)
        if found is None:
            raise NotFound("There is no such thing here.")
        return found

    async def get_locked(self, id: UUID) -> M:
        """`get`, and hold the row's lock until the transaction ends.

        As everywhere here, rows that refer to it may be written meanwhile (FOR NO KEY UPDATE): the
        foreign key's check waits for nobody, so it can't wait crosswise.
        """
        statement = self.select().where(self._id == id).with_for_update(key_share=True)
        found = await self._session.scalar(statement.execution_options(populate_existing=True))
        if found is None:
            raise NotFound("There is no such thing here.")
        return found

    async def referenced(self, id: UUID, pointer: str) -> M:
        """Return the row that a body names; ValidationFailed (422) at `pointer` if none."""
        found = await self.find(id)
        if found is None:
            raise ValidationFailed.at(pointer, "unknown_reference", "There is no such thing here.")
        return found

    def add(self, entity: M) -> M:
        entity.tenant_id = self._tenant_id
        self._session.add(entity)
        return entity

    @property
    def _id(self) -> InstrumentedAttribute[Any]:
        id: InstrumentedAttribute[Any] = self.model.id  # type: ignore[attr-defined]  # every subclass has one
        return id


def among(column: InstrumentedAttribute[Any], ids: Collection[UUID]) -> ColumnElement[bool]:
    """`column` is one of the ids: one parameter, where IN takes one each and 32,767 at most."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))


async def locked(
    scope: AnyScope, model: type[M], attributes: Sequence[str], ids: Collection[UUID]
) -> list[M]:
    """Return these rows with these attributes, locked in id order until the transaction ends.

    No session knows them; `changes` writes what they become.
    """
    if not ids:
        return []
    statement = _locking(cast("Table", model.__table__), tuple(attributes))
    rows = await scope.fetch(statement, scope.tenant_id, list(ids))
    return [transient(model, **row) for row in rows]


def transient(model: type[M], **values: object) -> M:
    """Return a row that no session knows, at a fifth of what the model's constructor costs."""
    made: M = model.__mapper__.class_manager.new_instance()
    vars(made).update(values)
    return made


def changes(scope: AnyScope, rows: Sequence[TenantOwned], attributes: Sequence[str]) -> list[Write]:
    """Return what writes these attributes of the rows, all of one table, as they stand."""
    if not rows:
        return []
    table = cast("Table", rows[0].__table__)
    columns = {name: [getattr(row, name) for row in rows] for name in ("id", *attributes)}
    return [changed(scope.tenant_id, table, columns)]


@cache
def _locking(table: Table, names: tuple[str, ...]) -> str:
    return (
        f"SELECT {', '.join(names)} FROM {table.name}"  # noqa: S608  our own names
        " WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
    )
