"""The one door through which Stripe's objects come in.

Whoever has a fresh one (the answer to our own call, an event's refetch, a page of a list) hands it
to `keep`. What was asked for later wins, whatever order the work is done in: a change that comes
after a question makes an event of its own, whose refetch is asked for later still.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.money import InvalidAmount
from payymo_api.core.types import TenantId, new_id
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.messaging.events import Event
from payymo_api.payments.errors import OtherMode
from payymo_api.payments.models import Mirrored, StripeConnection
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.rules.raw import Raw, Values, last_made, moment, storable, without_secrets
from payymo_api.payments.service.kinds import KINDS, Kind

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Change:
    """`before` is None at first sight; `history`: all of it was made before we were connected."""

    row: Mirrored
    before: Values | None
    after: Values
    history: bool


async def asked_at(database: Database, tenant_id: TenantId) -> datetime:
    """Return PostgreSQL's time, before Stripe is asked: one clock for all processes."""
    async with database.scope(tenant_id) as scope:
        moment: datetime | None = await scope.session.scalar(select(func.clock_timestamp()))
    assert moment is not None
    return moment


async def keep(
    scope: Scope,
    connection: StripeConnection,
    kind: str,
    raws: Sequence[Raw],
    asked_at: datetime,
    *,
    announce: Collection[str] = (),
) -> list[Any]:
    """Keep what Stripe said, and tell what is news of it; return the rows, in the order given.

    Money that is none of ISO 4217, such as a stablecoin, is left out: it has no place in our books.
    Of objects that are older than the connection and not known yet only `announce` is told (event
    types): what the event at hand itself says.
    """
    if not raws:
        return []
    mirror, newest = KINDS[kind], {raw["id"]: raw for raw in raws}
    _refuse_other_mode(connection, newest)
    rows = _rows(connection, mirror, newest, asked_at)
    if not rows:
        return []
    repository = MirrorRepository(scope, mirror.model)
    added = await repository.add_missing([*rows.values()])
    held = await repository.locked(connection.id, [*rows])
    changes = [
        change
        for id, row in rows.items()
        if (change := _change(connection, mirror, held[id], row, is_new=id in added))
    ]
    await scope.session.flush()
    await outbox.record(scope, *_news(mirror, changes, announce), *_internal(mirror, changes))
    return [held[raw["id"]] for raw in raws if raw["id"] in held]


async def remove(
    scope: Scope, connection: StripeConnection, kind: str, stripe_id: str, asked_at: datetime
) -> None:
    """Stripe has the object no more: it leaves our lists, unless it was seen later than this."""
    repository = MirrorRepository(scope, KINDS[kind].model)
    held = (await repository.locked(connection.id, [stripe_id])).get(stripe_id)
    if held and held.asked_at < asked_at:
        held.removed_at = held.updated_at = now()
        held.asked_at = asked_at


def _refuse_other_mode(connection: StripeConnection, raws: Mapping[str, Raw]) -> None:
    for id, raw in raws.items():
        if raw.get("livemode", connection.livemode) is not connection.livemode:
            raise OtherMode(f"{id} is not of the connection's mode.")


def _rows(
    connection: StripeConnection, kind: Kind, raws: Mapping[str, Raw], asked_at: datetime
) -> dict[str, Values]:
    """Return the columns by Stripe's id, in the order of the ids."""
    rows = {}
    for id in sorted(raws):
        try:
            rows[id] = _row(connection, kind, raws[id], asked_at)
        except InvalidAmount as error:
            _log.warning("stripe_object_left_out", stripe_id=id, reason=str(error))
    return rows


def _row(connection: StripeConnection, kind: Kind, raw: Raw, asked_at: datetime) -> Values:
    raw = storable(raw)
    return {
        "id": new_id(),
        "connection_id": connection.id,
        "stripe_id": raw["id"],
        "asked_at": asked_at,
        "raw": without_secrets(raw),
        "stripe_created_at": moment(raw["created"]),
        **kind.read(raw),
    }


def _change(
    connection: StripeConnection, kind: Kind, held: Mirrored, row: Values, *, is_new: bool
) -> _Change | None:
    """Take over what is newer; None where nothing is."""
    after = {name: row[name] for name in row.keys() - _NOT_SAID}
    if is_new:
        since = connection.activated_at or connection.created_at
        history = last_made(held.raw) < since.replace(microsecond=0)  # as Stripe counts
        return _Change(held, None, after, history)
    before = {name: getattr(held, name) for name in after}
    if held.asked_at >= row["asked_at"] or kind.is_overtaken(before, after):
        return None
    if (before, held.raw) != (after, row["raw"]) or held.removed_at:
        held.updated_at, held.removed_at = now(), None
    for name in after.keys() | {"raw", "asked_at"}:
        setattr(held, name, row[name])
    return _Change(held, before, after, history=False)


_NOT_SAID = {"id", "connection_id", "stripe_id", "asked_at", "raw"}


def _news(kind: Kind, changes: Sequence[_Change], announce: Collection[str]) -> list[Event]:
    return [
        kind.events[name](data=exact.dump(kind.answer(change.row)).decode())
        for change in changes
        for name in kind.news(change.before, change.after)
        if not change.history or name in announce
    ]


def _internal(kind: Kind, changes: Sequence[_Change]) -> list[Event]:
    """What other features follow, history too."""
    return kind.follow([(each.row, each.before, each.after) for each in changes])
