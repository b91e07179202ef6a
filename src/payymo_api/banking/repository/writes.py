"""Many lines at once: a statement per kind of change, for all of its rows or a thousand of them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, union_all, update

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository.new_lines import TOLD, WRITTEN, NewLine
from payymo_api.banking.repository.rollups import counted, move, tracked
from payymo_api.banking.repository.transactions import TransactionRepository
from payymo_api.banking.rules.line import Kept
from payymo_api.banking.rules.merge import Change
from payymo_api.core.bulk import insert_columns
from payymo_api.core.db import XID, Scope
from payymo_api.core.types import AccountId

_LINES = cast("Table", Transaction.__table__)
_SHARED = ("account_id", "created_at", "updated_at")
_OWN = tuple(name for name in WRITTEN if name not in _SHARED)
_CHANGEABLE = (*TOLD[2:], "status", "raw", "fingerprint", "occurrence")


async def kept(scope: Scope, id: AccountId, first: date, last: date) -> list[Kept]:
    """Return the account's lines of these days, and all that are pending, as the merge sees them.

    No row is locked, which would write to each: whoever merges holds the account's lock.
    """
    column = _LINES.c
    lines = select(
        *(column[name] for name in TOLD),
        (column.status == "booked").label("booked"),
        column.id,
        column.occurrence,
        column.fingerprint.label("kept_fingerprint"),
    ).where(
        column.tenant_id == scope.tenant_id,
        column.account_id == id,
        column.removed_at.is_(None),
    )
    booked = lines.where(column.status == "booked", column.booked_on.between(first, last))
    pending = lines.where(column.status == "pending")  # apart: each has an index
    rows = await scope.session.execute(union_all(booked, pending))
    return [Kept(**row) for row in rows.mappings()]


async def add(scope: Scope, rows: Sequence[NewLine]) -> None:
    """Write an account's new lines, all of one moment."""
    shared = {name: getattr(rows[0], name) for name in _SHARED}
    columns = {name: [getattr(row, name) for row in rows] for name in _OWN}
    await insert_columns(scope, _LINES, columns, shared)
    await move(scope, [], counted(rows))


async def change(scope: Scope, changes: Sequence[Change], moment: datetime) -> list[Transaction]:
    """Write what differs; return the rows as they stand."""
    if not changes:
        return []
    by_id = {row.id: row for row in await _locked(scope, [each.kept for each in changes])}
    rows = [by_id[each.kept.id] for each in changes]
    async with tracked(scope, rows):
        values = [
            _change(scope, each, row, moment) for each, row in zip(changes, rows, strict=True)
        ]
        await scope.session.execute(_CHANGE, values)
    return rows


async def _locked(scope: Scope, lines: Sequence[Kept]) -> Sequence[Transaction]:
    return await TransactionRepository(scope).locked([each.id for each in lines])


_CHANGE = (
    update(_LINES)
    .where(_LINES.c.tenant_id == bindparam("of_tenant"), _LINES.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
    .values(changed_xid=XID, updated_at=bindparam("moment"), examined_at=None)
)


def _change(scope: Scope, change: Change, row: Transaction, moment: datetime) -> dict[str, object]:
    """Change the loaded row, which only tells the news; return what the statement writes."""
    scope.session.expunge(row)
    now = _as_changed(change, row)
    for name, value in now.items():
        setattr(row, name, value)
    row.updated_at = moment
    key = {"of_tenant": scope.tenant_id, "row_id": row.id, "moment": moment}
    return key | {f"new_{name}": now[name] for name in _CHANGEABLE}


def _as_changed(change: Change, row: Transaction) -> Mapping[str, Any]:
    values = dict(change.values)
    if values.pop("booked", False):
        values["status"] = "booked"
    if "raw" in values:
        values["raw"] = dict(values["raw"])
    values |= {"fingerprint": change.fingerprint, "occurrence": change.occurrence}
    return {name: getattr(row, name) for name in _CHANGEABLE} | values


async def remove(scope: Scope, lines: Sequence[Kept], moment: datetime) -> Sequence[Transaction]:
    """Mark the lines as removed; return their rows, matched ones as they are at this moment."""
    if not lines:
        return []
    rows = await _locked(scope, lines)
    async with tracked(scope, rows):
        for row in rows:
            row.removed_at = row.updated_at = moment
        await scope.session.flush()
    return rows
