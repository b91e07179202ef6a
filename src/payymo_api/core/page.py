"""Keyset pages: stable under inserts, as fast on page 200 as on page 1."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, bindparam, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from payymo_api.core.errors import ValidationFailed

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
T = TypeVar("T")
CursorValue = str | int | date | datetime | UUID


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next page (None on the last)."""

    rows: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True)
class Keyset(Generic[T]):
    """The order of a list: columns that together are unique, and how to read them off a row."""

    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    values: Callable[[T], tuple[CursorValue, ...]]
    types: tuple[type[CursorValue], ...]
    descending: bool = True

    def after(self, statement: Select[T], cursor: str | None) -> Select[T]:
        """Continue behind `cursor`; ValidationFailed if it is none of this list's."""
        return self.behind(statement, None if cursor is None else decode(cursor, self.types))

    def behind(
        self, statement: Select[Any], place: tuple[CursorValue, ...] | ColumnElement[Any] | None
    ) -> Select[Any]:
        """`after` a cursor that is decoded, or `bound` to be."""
        if place is not None:
            row = tuple_(*self.columns)
            statement = statement.where(row < place if self.descending else row > place)
        order = [column.desc() if self.descending else column.asc() for column in self.columns]
        return statement.order_by(*order)

    def bound(self, names: Sequence[str]) -> ColumnElement[Any]:
        """Return a place whose values come later, under these names."""
        columns = zip(names, self.columns, strict=True)
        return tuple_(*[bindparam(name, type_=column.type) for name, column in columns])

    async def page(
        self, session: AsyncSession, statement: Select[T], cursor: str | None, limit: int
    ) -> Page[T]:
        """Read one row more than asked for, to know whether there is a next page."""
        rows = (await session.scalars(self.after(statement, cursor).limit(limit + 1))).all()
        more = len(rows) > limit
        rows = rows[:limit]
        return Page(rows, encode(self.values(rows[-1])) if more else None)


def encode(values: tuple[CursorValue, ...]) -> str:
    return urlsafe_b64encode(orjson.dumps([str(value) for value in values])).decode().rstrip("=")


def decode(cursor: str, types: tuple[type[CursorValue], ...]) -> tuple[CursorValue, ...]:
    """Return the values inside a cursor; ValidationFailed unless they have these types."""
    try:
        texts = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = tuple(_parse(type, text) for type, text in zip(types, texts, strict=True))
    except (ValueError, TypeError, binascii.Error):
        raise ValidationFailed.at(
            "/cursor", "invalid_cursor", "Take the cursor from next_cursor as it is."
        ) from None
    if encode(values) != cursor:
        raise ValidationFailed.at("/cursor", "invalid_cursor", "This cursor was changed.")
    return values


_MAX_BIGINT = 2**63 - 1


def _parse(type: type[CursorValue], text: object) -> CursorValue:
    if not isinstance(text, str) or "\x00" in text:
        raise ValueError("a cursor holds text")
    if issubclass(type, datetime):
        return _moment(text)
    if issubclass(type, date):
        return date.fromisoformat(text)
    value: CursorValue = type(text)
    if isinstance(value, int) and abs(value) > _MAX_BIGINT:
        raise ValueError("out of range")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0):
        raise ValueError("a moment in a cursor is in UTC")
    return moment
