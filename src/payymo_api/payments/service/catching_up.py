"""Events that never came are asked for: once a day, and whenever a tenant wants it.

Stripe keeps events for 30 days. After a longer gap the mirror is put right by listing the objects.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.troubles import Trouble
from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.messaging import inbox, outbox
from payymo_api.payments.errors import StripeConnectionNotActive
from payymo_api.payments.events import StripeCatchUpDue, StripeConnected
from payymo_api.payments.gateway import Listed, StripeAccount
from payymo_api.payments.models import StripeCatchUp, StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.catch_ups import CatchUpRepository, due
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.receivers import Receiver
from payymo_api.payments.rules.notices import read_notice
from payymo_api.payments.schemas.catch_ups import CatchUpAnswer
from payymo_api.payments.service import history
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.intake import SOURCE, message_of
from payymo_api.payments.service.troubles import noted

OVERLAP: Final = timedelta(hours=1)
"""Listed once more each time: an event may be listed later than one that was made after it."""
_EVERY = timedelta(days=1)
_KEPT = timedelta(days=29)
"""Events of so long ago are surely there still: Stripe keeps them for 30 days."""
_PAGE = 100
_BATCH = 200


async def start(scope: Scope, connection: StripeConnection) -> None:
    """Follow the connection's events from its activation; one that lives again, from its end."""
    seen = connection.activated_at or now()
    await CatchUpRepository(scope).start(connection.id, seen, now() + _spread(connection.id))
    await outbox.record(scope, StripeConnected(connection_id=connection.id))


def _spread(id: StripeConnectionId) -> timedelta:
    """Some time of a day, its own for each connection."""
    share = int.from_bytes(sha256(id.bytes).digest()[:4]) / 2**32
    return _EVERY * share


async def request(scope: Scope, id: StripeConnectionId) -> CatchUpAnswer:
    """Ask for a walk over the events; one that waits or runs serves this request too."""
    connection = await StripeConnectionRepository(scope).get(id)
    if connection.status not in LIVING:
        raise StripeConnectionNotActive(f"The Stripe connection is {connection.status}.")
    row = await _row(scope, connection)
    if row.status not in {"queued", "running"}:
        await _queue(scope, row)
    return await _answer(scope, row)


async def show(scope: Scope, id: StripeConnectionId) -> CatchUpAnswer:
    connection = await StripeConnectionRepository(scope).get(id)
    return await _answer(scope, await _row(scope, connection))


async def _row(scope: Scope, connection: StripeConnection) -> StripeCatchUp:
    row = await CatchUpRepository(scope).of(connection.id)
    if row is None:
        await start(scope, connection)
        row = await CatchUpRepository(scope).of(connection.id)
    assert row
    return row


async def _answer(scope: Scope, row: StripeCatchUp) -> CatchUpAnswer:
    return CatchUpAnswer.model_validate(
        {
            "connection_id": row.connection_id,
            "status": row.status,
            "requested_at": row.requested_at,
            "finished_at": row.finished_at,
            "next_at": row.due_at,
            "seen_until": row.seen_until,
            "events_listed": row.events_listed,
            "events_new": row.events_new,
            "events_waiting": await CatchUpRepository(scope).waiting(row.connection_id),
            "error": Trouble.of(row.error_code, row.error_detail),
        }
    )


async def _queue(scope: Scope, row: StripeCatchUp) -> None:
    row.status, row.requested_at = "queued", now()
    row.due_at = now() + _EVERY
    row.events_listed = row.events_new = 0
    row.finished_at = row.error_code = row.error_detail = None
    await outbox.record(scope, StripeCatchUpDue(connection_id=row.connection_id))


async def schedule_due(database: Database) -> int:
    """Queue the daily walks that are due; return how many. Moving `due_at` claims a connection."""
    async with database.system() as session:
        found = await due(session, _BATCH)
    for tenant_id, id in found:
        async with database.scope(tenant_id) as scope:
            row = await CatchUpRepository(scope).of(id)
            connection = await StripeConnectionRepository(scope).find(id)
            if row is None or row.due_at is None or row.due_at > now():
                continue
            row.due_at = now() + _EVERY if connection and connection.status in LIVING else None
            if row.due_at and row.status not in {"queued", "running"}:
                await _queue(scope, row)
    return len(found)


async def catch_up(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: StripeConnectionId
) -> None:
    """Walk back from now to what was seen; a walk that was interrupted goes on where it was."""
    async with database.scope(tenant_id) as scope:
        connection = await StripeConnectionRepository(scope).find(id)
        row = await CatchUpRepository(scope).of(id)
        if row is None or row.status not in {"queued", "running"}:
            return
        if connection is None or connection.status not in LIVING:
            row.status, row.finished_at = "failed", now()
            return
        await _set_out(scope, row)
    account = stripes.of(connection)
    try:
        async with noted(database, connection):
            await _walk(database, account, connection, row)
    except PayymoError as error:
        await _note_failure(database, connection, error)
        raise


async def _set_out(scope: Scope, row: StripeCatchUp) -> None:
    """Begin or go on; what no event may tell of any more is found by fetching all objects."""
    row.status = "running"
    if row.began_at is None and row.seen_until < now() - _KEPT:
        await history.start_anew(scope, row.connection_id)
    row.began_at = row.began_at or now()


async def _walk(
    database: Database, account: StripeAccount, connection: StripeConnection, row: StripeCatchUp
) -> None:
    """A page at a time; no transaction is open while Stripe is asked for one."""
    since = int((row.seen_until - OVERLAP).timestamp())
    after = row.after
    while True:
        further = {"starting_after": after} if after else {}
        page = await account.list("event", {"created": {"gte": since}, "limit": _PAGE, **further})
        after = await _take(database, connection, page)
        if after is None:
            return


async def _take(database: Database, connection: StripeConnection, page: Listed) -> str | None:
    """Keep a page's events, and how far the walk has come; None where it ends."""
    receiver = Receiver(connection.tenant_id, connection.id, connection.livemode)
    notices = [notice for event in page.data if (notice := read_notice(event))]
    messages = [
        message_of(notice, receiver) for notice in notices if notice.livemode is connection.livemode
    ]
    async with database.scope(connection.tenant_id) as scope:
        new = await inbox.keep(scope, SOURCE, messages)
        await outbox.wake(scope)
        row = await CatchUpRepository(scope).of(connection.id)
        assert row
        row.events_listed += len(page.data)
        row.events_new += new
        row.after = page.data[-1]["id"] if page.has_more else None
        if row.after is None:
            _finish(row)
        return row.after


def _finish(row: StripeCatchUp) -> None:
    assert row.began_at
    row.status, row.finished_at = "done", now()
    row.seen_until, row.began_at = row.began_at, None
    row.error_code = row.error_detail = None


async def _note_failure(
    database: Database, connection: StripeConnection, error: PayymoError
) -> None:
    """The walk is tried again; meanwhile it shows why it stands still."""
    async with database.scope(connection.tenant_id) as scope:
        if row := await CatchUpRepository(scope).of(connection.id):
            row.error_code, row.error_detail = error.code, error.detail
