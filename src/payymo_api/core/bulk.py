"""Many rows in one statement: each column's values travel as one array (COPY knows no policies)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Table

from payymo_api.core.db import AnyScope
from payymo_api.core.writes import inserted

A = TypeVar("A")
B = TypeVar("B")
AT_ONCE = 1000
"""Rows of a statement: enough to be quick, few enough for the event loop to turn meanwhile."""


def slices(length: int) -> Iterable[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, length, AT_ONCE))


async def insert_columns(
    scope: AnyScope,
    table: Table,
    columns: Mapping[str, Sequence[Any]],
    shared: Mapping[str, Any],
) -> None:
    """Insert the rows that these columns make, with the `shared` values in each of them."""
    await scope.write(inserted(scope.tenant_id, table, columns, shared))


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
