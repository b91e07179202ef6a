"""Connections to banks: asked for, read again, consented to anew, removed."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import NoReturn
from urllib.parse import urlencode
from uuid import UUID

from payymo_api.banking.errors import AllowanceSpent, ConnectionNotActive
from payymo_api.banking.events import BankConnectionUpdated, ConsentRevoked
from payymo_api.banking.gateway import Institution
from payymo_api.banking.models import FEEDING, BankAccount, BankConnection, SyncRun
from payymo_api.banking.repository import AccountRepository, ConnectionRepository, RunRepository
from payymo_api.banking.repository.provider import institution
from payymo_api.banking.schemas.connections import (
    ConnectionAnswer,
    ConnectionFilters,
    ConnectionRequest,
    ReauthorizeRequest,
    RefreshAnswer,
    SkippedAccount,
)
from payymo_api.banking.service.allowances import budget_of
from payymo_api.banking.service.answers import connection_answer, connection_answers, run_answer
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.linking import unlink
from payymo_api.banking.service.runs import request_sync
from payymo_api.banking.service.troubles import READABLE
from payymo_api.core.clock import now, rfc3339
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.fields import Listing
from payymo_api.core.states import derived_state, digest_of
from payymo_api.core.types import ConnectionId, TenantId
from payymo_api.edge import exact
from payymo_api.messaging import outbox

_VISIT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Journey:
    """A trip to the bank. `id` stays the same when the request that began it is repeated.

    So does the state in the address of return, which the provider keeps from the first try: it is
    derived, and unguessable without `secret`. Only its digest is stored.
    """

    database: Database
    banks: Banks
    tenant_id: TenantId
    id: UUID
    callback_url: str
    secret: bytes = field(repr=False)

    @property
    def state(self) -> str:
        return derived_state(self.secret, f"consent:{self.tenant_id}:{self.id}")

    @property
    def return_url(self) -> str:
        return f"{self.callback_url}?{urlencode({'state': self.state})}"


async def create_connection(journey: Journey, request: ConnectionRequest) -> ConnectionAnswer:
    """Keep the connection as pending, ask the provider, keep what it said: three steps."""
    bank = await journey.banks.of(request.provider).institution(request.institution_id)
    id = ConnectionId(journey.id)
    async with journey.database.scope(journey.tenant_id) as scope:
        await ConnectionRepository(scope).keep_pending(_pending(id, request, bank))
        await _open_visit(scope, journey, id)
    try:
        return await _ask(journey, id, request.provider, bank, request.history_days)
    except PayymoError:
        async with journey.database.scope(journey.tenant_id) as scope:
            row = await ConnectionRepository(scope).get_locked(id)
            row.removed_at = now()
        raise


def _pending(id: ConnectionId, request: ConnectionRequest, bank: Institution) -> BankConnection:
    return BankConnection(
        id=id,
        provider=request.provider,
        institution_id=bank.id,
        institution=asdict(bank),
        status="pending",
        reference=request.reference,
        redirect_url=request.redirect_url,
        history_days=request.history_days,
    )


async def reauthorize(
    journey: Journey, id: ConnectionId, request: ReauthorizeRequest
) -> ConnectionAnswer:
    """Ask for another consent; the old one serves until the new one is given."""
    async with journey.database.scope(journey.tenant_id) as scope:
        row = await ConnectionRepository(scope).get_locked(id)
        if request.redirect_url:
            row.redirect_url = request.redirect_url
        await _open_visit(scope, journey, id)
    return await _ask(journey, id, row.provider, institution(row.institution), row.history_days)


async def _open_visit(scope: Scope, journey: Journey, id: ConnectionId) -> None:
    await ConnectionRepository(scope).open_visit(id, digest_of(journey.state), now() + _VISIT_LIFE)


async def _ask(
    journey: Journey, id: ConnectionId, provider: str, bank: Institution, history_days: int
) -> ConnectionAnswer:
    consent = await journey.banks.of(provider).request_consent(
        bank,
        redirect_url=journey.return_url,
        reference=str(journey.id),
        history_days=history_days,
    )
    async with journey.database.scope(journey.tenant_id) as scope:
        connections = ConnectionRepository(scope)
        row = await connections.get_locked(id)
        await connections.name_consent(digest_of(journey.state), consent.ref)
        row.authorization_url = consent.authorization_url
        if row.consent_ref is None:
            row.consent_ref = consent.ref
        await scope.session.flush()
        await scope.session.refresh(row)
        return await _answer(scope, row)


async def get_connection(scope: Scope, id: ConnectionId) -> ConnectionAnswer:
    return await _answer(scope, await ConnectionRepository(scope).get(id))


async def _answer(scope: Scope, row: BankConnection) -> ConnectionAnswer:
    return connection_answer(row, await AccountRepository(scope).of_connections([row.id]))


async def list_connections(scope: Scope, filters: ConnectionFilters) -> Listing[ConnectionAnswer]:
    page = await ConnectionRepository(scope).page(filters.status, filters.cursor, filters.limit)
    accounts = await AccountRepository(scope).of_connections([row.id for row in page.rows])
    answers = connection_answers(page.rows, accounts)
    return Listing[ConnectionAnswer].of(page, lambda row: answers[row.id])


async def remove_connection(scope: Scope, id: ConnectionId) -> None:
    """Keep accounts and history without a feed; its consents, one asked for anew too, are ended by
    jobs."""
    accounts = await AccountRepository(scope).locked_of(id)  # before their connection: `troubles`
    row = await ConnectionRepository(scope).get_locked(id)
    for account in accounts:
        unlink(account)
    row.status, row.authorization_url, row.removed_at = "revoked", None, now()
    await scope.session.flush()
    await scope.session.refresh(row)
    data = exact.dump(connection_answer(row, [])).decode()
    await outbox.record(scope, BankConnectionUpdated(data=data))
    given = [row.consent_ref] if row.consent_ref else []
    refs = {*given, *await ConnectionRepository(scope).consents_under_way(id)}
    ended = [ConsentRevoked(provider=row.provider, consent_ref=ref) for ref in sorted(refs)]
    await outbox.record(scope, *ended)


async def refresh_connection(scope: Scope, id: ConnectionId) -> RefreshAnswer:
    """Queue a run for each account that may be read now; AllowanceSpent when none may.

    The reserve is there for this: a refresh may spend the last call.
    """
    row = await ConnectionRepository(scope).get(id)
    accounts = [
        each for each in await AccountRepository(scope).locked_of(id) if each.status in READABLE
    ]
    if row.status not in FEEDING or not accounts:
        raise ConnectionNotActive(f"The connection is {row.status}; no account can be read.")
    moment = now()
    opens = {each.id: budget_of(each).opens_at(moment) for each in accounts}
    runs = [await _run(scope, each) for each in accounts if opens[each.id] <= moment]
    skipped = [
        SkippedAccount(account_id=id, available_at=at) for id, at in opens.items() if at > moment
    ]
    if not runs:
        _refuse(skipped)
    return RefreshAnswer(connection_id=id, runs=[run_answer(run) for run in runs], skipped=skipped)


async def _run(scope: Scope, account: BankAccount) -> SyncRun:
    """The run that is open already, or a new one."""
    run = await request_sync(scope, account, "refresh") or await RunRepository(scope).opened(
        account.id
    )
    assert run is not None
    return run


def _refuse(skipped: Sequence[SkippedAccount]) -> NoReturn:
    first = min(each.available_at for each in skipped)
    raise AllowanceSpent(
        f"The bank allows the next call at {rfc3339(first)}.",
        retry_after=math.ceil((first - now()).total_seconds()),
    )
