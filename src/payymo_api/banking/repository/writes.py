"""Many lines at once: one statement per kind of change, executed for all of its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, update

from payymo_api.banking.models import Transaction
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
    return [Transaction(**row) for row in rows]


async def change(
    scope: Scope, changes: Sequence[tuple[Change, Transaction]], moment: datetime
) -> None:
    """Write what differs, into the rows and the loaded objects alike."""
    if not changes:
        return
    statement = (
        update(_LINES)
        .where(_LINES.c.tenant_id == scope.tenant_id, _LINES.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
        .values(changed_xid=XID, updated_at=moment, examined_at=None)
    )
    rows = []
    for each, row in changes:
        now = _as_changed(each, row)
        rows.append({"row_id": row.id} | {f"new_{name}": now[name] for name in _CHANGEABLE})
        scope.session.expunge(row)  # the loaded row only tells the news; this statement writes
        for name, value in now.items():
            setattr(row, name, value)
        row.updated_at = moment
    await scope.session.execute(statement, rows)


async def remove(scope: Scope, rows: Sequence[Transaction], moment: datetime) -> set[TransactionId]:
    """Mark the lines as removed; return those that were matched at that very moment."""
    if not rows:
        return set()
    statement = (
        update(_LINES)
        .where(_LINES.c.tenant_id == scope.tenant_id, _LINES.c.id.in_([row.id for row in rows]))
        .values(removed_at=moment, changed_xid=XID, updated_at=moment)
        .returning(_LINES.c.id, _LINES.c.settled_minor, _LINES.c.match_state)
    )
    found = await scope.session.execute(statement)
    return {row.id for row in found if row.settled_minor or row.match_state != "unmatched"}


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
