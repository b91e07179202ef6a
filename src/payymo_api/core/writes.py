"""Statements that are sent together: one round trip for all that is written (ADR 0013)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, count
from types import MappingProxyType
from typing import Any, NamedTuple, cast
from uuid import UUID

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
    texts, values = zip(*writes, strict=True)
    statement = _numbered(texts, tuple(map(len, values)))
    return Write(statement, list(chain.from_iterable(values)))


@lru_cache(256)
def _numbered(texts: Sequence[str], lengths: Sequence[int]) -> str:
    places = count(1)
    parts = [
        f"w{number} AS ({text.format(*(f'${next(places)}' for _ in range(length)))})"
        for number, (text, length) in enumerate(zip(texts, lengths, strict=True))
    ]
    return f"WITH {', '.join(parts)} SELECT"


PLANNED_ONCE = (
    "set_config('plan_cache_mode', 'force_generic_plan', true),"
    " set_config('enable_seqscan', 'off', true)"
)
"""A WriteScope's statements find rows by key: the plan by index is right whatever the values are,
and however small a table is when it is made. Planning anew was a third of PostgreSQL's work."""

PLANNED_EACH_TIME = "set_config('plan_cache_mode', 'force_custom_plan', true)"
"""Hundreds of rows are joined to a table: a plan that was made while it was empty, or for a few,
would read the table as often as there are rows."""


@dataclass(frozen=True, slots=True)
class WriteScope:
    """A Scope for what is written all the time: by the driver, without a session (ADR 0013)."""

    _driver: Any
    tenant_id: TenantId
    _writes: list[Write] = field(default_factory=list)
    _told: list[tuple[str, str]] = field(default_factory=list)

    async def fetch(self, statement: str, *values: object) -> Sequence[Mapping[Any, Any]]:
        """Run a statement; its places are `$1`, `$2` …"""
        rows: Sequence[Mapping[Any, Any]] = await self._driver.fetch(statement, *values)
        return rows

    async def write(self, *writes: Write) -> None:
        """Do these writes at the end of the transaction, all in one round trip."""
        self._writes.extend(writes)

    async def notify(self, channel: str, payload: str = "") -> None:
        """Wake who listens, when (and only if) this transaction commits and has written."""
        if (channel, payload) not in self._told:
            self._told.append((channel, payload))

    async def send(self) -> None:
        """Do what waits to be written."""
        if self._writes:
            statement, values = together(self._writes)
            places = count(len(values) + 1)
            told = ", ".join(f"pg_notify('{each}', ${next(places)})" for each, _ in self._told)
            payloads = [payload for _, payload in self._told]
            await self._driver.fetch(f"{statement} {told}", *values, *payloads)


def inserted(
    tenant_id: UUID,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    shared: Mapping[str, Any] = MappingProxyType({}),
) -> Write:
    """Insert the rows that these columns make, with the `shared` values in each of them.

    A `jsonb` column's values are JSON text.
    """
    statement = _insert(table, tuple(columns), tuple(shared), _few(columns))
    return Write(statement, [tenant_id, *shared.values(), *_sent(columns)])


def changed(tenant_id: UUID, table: Table, columns: Mapping[str, Sequence[Any]]) -> Write:
    """Overwrite these columns of the rows that `columns["id"]` names."""
    statement = _update(table, tuple(columns), _few(columns))
    return Write(statement, [*_sent(columns), tenant_id])


_FEW = 2
"""Up to so many rows travel as single values: arrays cost PostgreSQL a tenth more (ADR 0013)."""


def _few(columns: Mapping[str, Sequence[Any]]) -> int:
    """Return how many rows there are, or 0 for many."""
    count = len(next(iter(columns.values())))
    return count if count <= _FEW else 0


def _sent(columns: Mapping[str, Sequence[Any]]) -> Iterable[object]:
    if _few(columns):
        return chain.from_iterable(zip(*columns.values(), strict=True))
    return columns.values()


@lru_cache
def _insert(table: Table, names: tuple[str, ...], shared: tuple[str, ...], few: int) -> str:
    types = _types(table, (*shared, *names))
    same = [f"CAST({{}}::{_wire(types[name])} AS {types[name]})" for name in shared]
    told = [f"CAST(told.{name} AS {types[name]})" for name in names]
    return (
        f"INSERT INTO {table.name} (tenant_id, {', '.join(types)})"  # noqa: S608  our own names
        f" SELECT {{}}::uuid, {', '.join(same + told)}"
        f" FROM {_told({name: types[name] for name in names}, few)}"
    )


@lru_cache
def _update(table: Table, names: tuple[str, ...], few: int) -> str:
    """What SQLAlchemy sets at each update of the table is set here too."""
    types = _types(table, names)
    sets = [f"{name} = CAST(told.{name} AS {types[name]})" for name in names if name != "id"]
    sets += [
        f"{column.name} = {cast('Any', column.onupdate).arg.compile(dialect=_DIALECT)}"
        for column in table.c
        if column.onupdate is not None
    ]
    return (
        f"UPDATE {table.name} SET {', '.join(sets)}"  # noqa: S608  our own names
        f" FROM {_told(types, few)}"
        f" WHERE {table.name}.tenant_id = {{}}::uuid AND {table.name}.id = told.id"
    )


def _types(table: Table, names: Iterable[str]) -> dict[str, str]:
    return {name: table.c[name].type.compile(_DIALECT).lower() for name in names}


def _told(types: Mapping[str, str], few: int) -> str:
    if few:
        row = f"({', '.join(f'{{}}::{_wire(type)}' for type in types.values())})"
        source = f"(VALUES {', '.join([row] * few)})"
    else:
        source = f"unnest({', '.join(f'{{}}::{_wire(type)}[]' for type in types.values())})"
    return f"{source} AS told ({', '.join(types)})"


def _wire(type: str) -> str:
    return "text" if type == "jsonb" else type
