"""Leases: a row that is queued or worked on has a holder. A holder that is gone holds nothing.

A worker's number is that of the advisory lock of its session (`presence`); the number of the
queue's present life (`Queue.life`) is negative. ADR 0010 tells why.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, and_, column, func, or_, text

from payymo_api.messaging.models import Leased

WORKERS: Final = int.from_bytes(b"work")
"""The first number of the advisory locks that workers hold; the second is their own."""

LIVING: Final = (  # objsubid 2: a lock that has two numbers
    f"SELECT objid::bigint FROM pg_locks WHERE classid = {WORKERS}"  # noqa: S608  our own number
    " AND locktype = 'advisory' AND objsubid = 2 AND granted"
)
"""The numbers of the workers that are present."""
_LIVING = text(LIVING).columns(column("objid", BigInteger))


@dataclass(frozen=True, slots=True)
class Lease:
    """For whom, None for a worker that has no number, and for how long at the most."""

    by: int | None
    time: timedelta


def may_issue(row: type[Leased], life: int) -> ColumnElement[bool]:
    """Nobody has the row: its lease is over, or whoever had it is gone."""
    return or_(_is_over(row), and_(row.leased_by < 0, row.leased_by != life), _is_orphan(row))


def may_take(row: type[Leased]) -> ColumnElement[bool]:
    """No worker has the row, as far as is known; a queue only brings it."""
    return or_(_is_over(row), row.leased_by < 0, _is_orphan(row))


def _is_over(row: type[Leased]) -> ColumnElement[bool]:
    return or_(row.leased_until.is_(None), row.leased_until < func.now())


def _is_orphan(row: type[Leased]) -> ColumnElement[bool]:
    return and_(row.leased_by > 0, row.leased_by.not_in(_LIVING))
