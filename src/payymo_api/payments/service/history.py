"""All that an account has had before it was connected: fetched page by page, the newest first.

Where the walk stands is committed with each page, so that any worker goes on from there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.messaging import outbox
from payymo_api.messaging.work import TurnOver
from payymo_api.payments.errors import StripeRefused, StripeScopeMissing
from payymo_api.payments.events import StripeHistoryDue
from payymo_api.payments.gateway import Listed, Params, StripeAccount
from payymo_api.payments.models import StripeConnection, StripeHistory
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.histories import HistoryRepository
from payymo_api.payments.rules.raw import moment
from payymo_api.payments.schemas.connections import StripeConnectionDetail
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.answers import connection_detail
from payymo_api.payments.service.kinds import KINDS

_PAGE = 100
_PAGES_A_TURN = 10
"""Then the others have their turn."""
_ALL: Final[Params] = {"subscription": {"status": "all"}}
"""What Stripe leaves out of a list unless it is asked for."""


async def start(scope: Scope, id: StripeConnectionId) -> None:
    """Have the history fetched; what was fetched of it before is not fetched again."""
    await HistoryRepository(scope).start(id, [*KINDS])
    await outbox.record(scope, StripeHistoryDue(connection_id=id))


async def start_anew(scope: Scope, id: StripeConnectionId) -> None:
    """Have all of it fetched once more: any object may have changed, and no event tells of it."""
    await HistoryRepository(scope).forget(id)
    await start(scope, id)


async def show(scope: Scope, id: StripeConnectionId) -> StripeConnectionDetail:
    """Return the connection, and how far its history is fetched."""
    connection = await StripeConnectionRepository(scope).get(id)
    return connection_detail(connection, _in_order(await HistoryRepository(scope).of(id)))


async def fetch(
    database: Database, stripes: Stripes, tenant_id: TenantId, id: StripeConnectionId
) -> None:
    """Fetch some pages; TurnOver if there are more. A kind that is refused holds up no other."""
    connection, rows = await _standing(database, tenant_id, id)
    if connection is None:
        return
    account, pages, refused = stripes.of(connection), _PAGES_A_TURN, None
    for row in rows:
        try:
            pages = await _fetch_kind(database, account, connection, row, pages)
        except StripeScopeMissing as error:
            refused = error
        if pages == 0:
            raise TurnOver
    if refused:
        raise refused


async def _standing(
    database: Database, tenant_id: TenantId, id: StripeConnectionId
) -> tuple[StripeConnection | None, Sequence[StripeHistory]]:
    """Return the connection, None if it can't be asked, and what is not complete yet."""
    async with database.scope(tenant_id) as scope:
        connection = await StripeConnectionRepository(scope).find(id)
        rows = await HistoryRepository(scope).of(id)
    if connection is None or connection.status not in LIVING:
        return None, ()
    return connection, [row for row in _in_order(rows) if not row.finished_at]


def _in_order(rows: Mapping[str, StripeHistory]) -> Sequence[StripeHistory]:
    return [rows[kind] for kind in KINDS if kind in rows]


async def _fetch_kind(
    database: Database,
    account: StripeAccount,
    connection: StripeConnection,
    row: StripeHistory,
    pages: int,
) -> int:
    """Fetch up to so many pages of a kind; return how many may follow."""
    standing: StripeHistory | None = row
    while standing and pages:
        asked_at = await mirror.asked_at(database, connection.tenant_id)
        page = await _page(account, standing)
        async with database.scope(connection.tenant_id) as scope:
            standing = await HistoryRepository(scope).same_locked(standing)
            if standing:
                await mirror.keep(scope, connection, standing.kind, page.data, asked_at)
                _advance(standing, page)
        pages -= 1
        if not page.has_more:
            break
    return pages


async def _page(account: StripeAccount, row: StripeHistory) -> Listed:
    """Return the next page. An object that is deleted at Stripe no longer marks a place."""
    params = {"limit": _PAGE, **_ALL.get(row.kind, {})}
    if row.after:
        try:
            return await account.list(row.kind, {**params, "starting_after": row.after})
        except StripeRefused as error:
            if not error.missing:
                raise
    return await account.list(row.kind, {**params, **_until(row)})


def _until(row: StripeHistory) -> dict[str, Any]:
    return {"created": {"lte": int(row.oldest.timestamp())}} if row.oldest else {}


def _advance(row: StripeHistory, page: Listed) -> None:
    row.fetched += len(page.data)
    if page.data:
        row.after, row.oldest = page.data[-1]["id"], moment(page.data[-1]["created"])
    if not page.has_more:
        row.finished_at = now()
