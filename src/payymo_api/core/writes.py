"""Statements that are sent together: one round trip for all that is written (ADR 0013)."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.base import PGDialect

from payymo_api.core.types import TenantId

_DIALECT = PGDialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's


NOBODY = TenantId(UUID(int=0))
"""Whose `payymo_system`'s transactions are: no row is."""


class Write(NamedTuple):
    """INSERT, UPDATE or DELETE; each `{}` of its text stands for the next value."""

    text: str
    values: Sequence[object]


def together(writes: Iterable[Write]) -> Write:
    """Return one statement that does them all; none of them sees what another does."""
    places = count(1)
    parts: list[str] = []
    values: list[object] = []
    for number, (text, given) in enumerate(writes):
        parts.append(f"w{number} AS ({text.format(*(f'${next(places)}' for _ in given))})")
        values += given
    return Write(f"WITH {', '.join(parts)} SELECT", values)


@dataclass(frozen=True, slots=True)
class WriteScope:
    """A Scope for what is written all the time: by the driver, without a session (ADR 0013)."""

    _driver: Any
    tenant_id: TenantId
    _writes: list[Write] = field(default_factory=list)
    _channels: set[str] = field(default_factory=set)

    async def fetch(self, statement: str, *values: object) -> Sequence[Mapping[Any, Any]]:
        """Run a statement; its places are `$1`, `$2` …"""
        rows: Sequence[Mapping[Any, Any]] = await self._driver.fetch(statement, *values)
        return rows

    async def write(self, *writes: Write) -> None:
        """Do these writes at the end of the transaction, all in one round trip."""
        self._writes.extend(writes)

    async def notify(self, channel: str) -> None:
        """Wake who listens, after the commit: one that notifies makes all others wait for it."""
        self._channels.add(channel)

    async def wake(self) -> None:
        """Wake them in a transaction that waits for no disk; what is committed, a sweep finds."""
        for channel in self._channels:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await self._driver.execute(
                    f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {channel}; COMMIT"
                )

    async def send(self) -> None:
        """Do what waits to be written."""
        if self._writes:
            statement, values = together(self._writes)
            await self._driver.fetch(statement, *values)


def inserted(
    tenant_id: UUID,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    shared: Mapping[str, Any] = MappingProxyType({}),
) -> Write:
    """Insert the rows that these columns make, with the `shared` values in each of them.

    A `jsonb` column's values are JSON text.
    """
    statement = _insert(table, tuple(columns), tuple(shared))
    return Write(statement, [tenant_id, *shared.values(), *columns.values()])


def changed(tenant_id: UUID, table: Table, columns: Mapping[str, Sequence[Any]]) -> Write:
    """Overwrite these columns of the rows that `columns["id"]` names."""
    return Write(_update(table, tuple(columns)), [*columns.values(), tenant_id])


@lru_cache
def _insert(table: Table, names: tuple[str, ...], shared: tuple[str, ...]) -> str:
    types = _types(table, (*shared, *names))
    same = [f"CAST({{}}::{_sent(types[name])} AS {types[name]})" for name in shared]
    told = [f"CAST(told.{name} AS {types[name]})" for name in names]
    return (
        f"INSERT INTO {table.name} (tenant_id, {', '.join(types)})"  # noqa: S608  our own names
        f" SELECT {{}}::uuid, {', '.join(same + told)}"
        f" FROM {_told({name: types[name] for name in names})}"
    )


@lru_cache
def _update(table: Table, names: tuple[str, ...]) -> str:
    """What SQLAlchemy sets at each update of the table is set here too."""
    types = _types(table, names)
    sets = [f"{name} = CAST(told.{name} AS {types[name]})" for name in names if name != "id"]
    sets += [
        f"{column.name} = {cast('Any', column.onupdate).arg.compile(dialect=_DIALECT)}"
        for column in table.c
        if column.onupdate is not None
    ]
    return (
        f"UPDATE {table.name} SET {', '.join(sets)} FROM {_told(types)}"  # noqa: S608  our own names
        f" WHERE {table.name}.tenant_id = {{}}::uuid AND {table.name}.id = told.id"
    )


def _types(table: Table, names: Iterable[str]) -> dict[str, str]:
    return {name: table.c[name].type.compile(_DIALECT).lower() for name in names}


def _told(types: Mapping[str, str]) -> str:
    arrays = ", ".join(f"{{}}::{_sent(type)}[]" for type in types.values())
    return f"unnest({arrays}) AS told ({', '.join(types)})"


def _sent(type: str) -> str:
    return "text" if type == "jsonb" else type
