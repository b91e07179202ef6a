"""Many lines at once: one statement per kind of change, executed for all of its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository.rollups import counted, move, tracked
from payymo_api.banking.repository.transactions import TransactionRepository
from payymo_api.banking.rules.categorising import Label
from payymo_api.banking.rules.line import Kept, Line
from payymo_api.banking.rules.merge import Change, Placed
from payymo_api.core.db import XID, Scope
from payymo_api.core.types import AccountId, TransactionId, new_id

_BATCH = 1000
_LINES = cast("Table", Transaction.__table__)
_TOLD = (
    "amount_minor",
    "currency",
    "booked_on",
    "value_on",
    "booked_at",
    "description",
    "reference",
    "end_to_end_id",
    "counterparty_name",
    "counterparty_iban",
    "provider_id",
    "internal_id",
    "source",
)
_CHANGEABLE = (*_TOLD[2:], "status", "raw", "fingerprint", "occurrence")


def kept(row: Transaction) -> Kept:
    """Return the row as the merge sees it."""
    told = {name: getattr(row, name) for name in _TOLD}
    return Kept(
        **told,
        booked=row.status == "booked",
        raw=row.raw,
        id=row.id,
        occurrence=row.occurrence,
        kept_fingerprint=row.fingerprint,
    )


async def add(
    scope: Scope,
    account_id: AccountId,
    placed: Sequence[Placed],
    labels: Sequence[Label],
    moment: datetime,
) -> list[Transaction]:
    """Insert the lines; return them as they stand (rows of no session)."""
    rows = [
        _told(each.line)
        | {name: getattr(label, name) for name in Label.__slots__}
        | {
            "tenant_id": scope.tenant_id,
            "id": TransactionId(new_id()),
            "account_id": account_id,
            "fingerprint": each.line.fingerprint,
            "occurrence": each.occurrence,
            "match_state": "unmatched",
            "settled_minor": 0,
            "created_at": moment,
            "updated_at": moment,
        }
        for each, label in zip(placed, labels, strict=True)
    ]
    for start in range(0, len(rows), _BATCH):
        await scope.session.execute(insert(_LINES), rows[start : start + _BATCH])
    added = [Transaction(**row) for row in rows]
    await move(scope, [], counted(added))
    return added


async def change(
    scope: Scope, changes: Sequence[tuple[Change, Transaction]], moment: datetime
) -> None:
    """Write what differs, into the rows and the loaded objects alike."""
    if not changes:
        return
    rows = [row for _, row in changes]
    await TransactionRepository(scope).locked([row.id for row in rows])
    async with tracked(scope, rows):
        values = [_change(scope, each, row, moment) for each, row in changes]
        await scope.session.execute(_CHANGE, values)


_CHANGE = (
    update(_LINES)
    .where(_LINES.c.tenant_id == bindparam("of_tenant"), _LINES.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
    .values(changed_xid=XID, updated_at=bindparam("moment"), examined_at=None)
)


def _change(scope: Scope, change: Change, row: Transaction, moment: datetime) -> dict[str, object]:
    """Change the loaded row, which only tells the news; return what the statement writes."""
    now = _as_changed(change, row)
    scope.session.expunge(row)
    for name, value in now.items():
        setattr(row, name, value)
    row.updated_at = moment
    key = {"of_tenant": scope.tenant_id, "row_id": row.id, "moment": moment}
    return key | {f"new_{name}": now[name] for name in _CHANGEABLE}


async def remove(scope: Scope, rows: Sequence[Transaction], moment: datetime) -> set[TransactionId]:
    """Mark the lines as removed; return those that were matched at that very moment."""
    if not rows:
        return set()
    await TransactionRepository(scope).locked([row.id for row in rows])
    async with tracked(scope, rows):
        for row in rows:
            row.removed_at = row.updated_at = moment
        await scope.session.flush()
    return {row.id for row in rows if row.settled_minor or row.match_state != "unmatched"}


def _told(line: Line) -> dict[str, Any]:
    status = "booked" if line.booked else "pending"
    told = {name: getattr(line, name) for name in _TOLD}
    return told | {"status": status, "raw": dict(line.raw)}


def _as_changed(change: Change, row: Transaction) -> Mapping[str, Any]:
    values = dict(change.values)
    if values.pop("booked", False):
        values["status"] = "booked"
    if "raw" in values:
        values["raw"] = dict(values["raw"])
    values |= {"fingerprint": change.fingerprint, "occurrence": change.occurrence}
    return {name: getattr(row, name) for name in _CHANGEABLE} | values
