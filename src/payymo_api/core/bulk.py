"""Many rows in one statement: each column's values travel as one array (COPY knows no policies)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from payymo_api.core.db import Scope

A = TypeVar("A")
B = TypeVar("B")
_DIALECT = PGDialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
AT_ONCE = 1000
"""Rows of a statement: enough to be quick, few enough for the event loop to turn meanwhile."""


def slices(length: int) -> Iterable[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, length, AT_ONCE))


async def insert_columns(
    scope: Scope,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    shared: Mapping[str, Any],
) -> None:
    """Insert the rows that these columns make, with the `shared` values in each of them.

    A `jsonb` column's values are JSON text.
    """
    statement = _insert(table, tuple(columns), tuple(shared))
    await scope.session.execute(statement, {"tenant_id": scope.tenant_id, **shared, **columns})


async def made_ahead(make: Callable[[A], B], items: Iterable[A]) -> AsyncIterator[B]:
    """Yield what `make` makes of each, in order; a thread makes the next in the meantime."""
    making: asyncio.Task[B] | None = None
    for item in items:
        made = [await making] if making else []
        making = asyncio.create_task(asyncio.to_thread(make, item))
        for each in made:
            yield each
    if making is not None:
        yield await making


@lru_cache
def _insert(table: Table, names: tuple[str, ...], shared: tuple[str, ...]) -> TextClause:
    every = (*shared, *names)
    types = {name: table.c[name].type.compile(_DIALECT).lower() for name in every}
    same = [f"CAST(CAST(:{name} AS {_sent(types[name])}) AS {types[name]})" for name in shared]
    arrays = ", ".join(f"CAST(:{name} AS {_sent(types[name])}[])" for name in names)
    told = [f"CAST(told.{name} AS {types[name]})" for name in names]
    return text(
        f"INSERT INTO {table.name} (tenant_id, {', '.join(every)})"  # noqa: S608  our own names
        f" SELECT :tenant_id, {', '.join(same + told)}"
        f" FROM unnest({arrays}) AS told ({', '.join(names)})"
    )


def _sent(type: str) -> str:
    return "text" if type == "jsonb" else type
