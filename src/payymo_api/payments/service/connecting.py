"""The way back from Stripe Connect's page: what the owner granted, or that they did not."""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from payymo_api.core import log
from payymo_api.core.addresses import with_query
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError
from payymo_api.core.states import digest_of
from payymo_api.core.types import StripeConnectionId, TenantId, public_id
from payymo_api.payments.errors import ConnectDenied, OtherMode, StripeAccountConnected
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.repository.connections import StripeConnectionRepository, tenant_of_visit
from payymo_api.payments.service import catching_up, history
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.connections import activate, refuse_living, revoke
from payymo_api.payments.service.examining import Profile, profile

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Stripe sent the owner back with: a code, or why there is none."""

    state: str
    code: str
    error: str


async def come_back(database: Database, stripes: Stripes, outcome: Outcome) -> str | None:
    """Use the state once; return where to send the owner, or None if it is used up."""
    digest = digest_of(outcome.state)
    async with database.system() as session:
        tenant_id = await tenant_of_visit(session, digest)
    if tenant_id is None:
        return None
    async with database.scope(tenant_id) as scope:
        id = await StripeConnectionRepository(scope).use_visit(digest)
        row = await StripeConnectionRepository(scope).find(id) if id else None
    if row is None or row.redirect_url is None:
        return None
    kept = await _complete(database, stripes, tenant_id, row, outcome)
    return with_query(
        row.redirect_url, connection_id=public_id("scon", kept.id), status=kept.status
    )


async def _complete(
    database: Database, stripes: Stripes, tenant_id: TenantId, row: StripeConnection, said: Outcome
) -> StripeConnection:
    """A code can't be used twice, so what fails here is begun anew by the tenant."""
    try:
        granted = await _granted(stripes, row, said)
        async with database.scope(tenant_id) as scope:
            kept = await _accept(scope, row.id, granted)
            await catching_up.start(scope, kept)
            await history.start(scope, kept.id)
            return kept
    except PayymoError as error:
        _log.warning("stripe_connect_failed", code=error.code)
        async with database.scope(tenant_id) as scope:
            return await _refuse(scope, row.id, error)


async def _granted(stripes: Stripes, row: StripeConnection, said: Outcome) -> Profile:
    if said.error or not said.code:
        raise ConnectDenied("The account's owner did not grant access.")
    grant = await stripes.connect().exchange(said.code)
    if grant.livemode is not row.livemode:
        raise OtherMode("Stripe granted access in the other mode.")
    return profile(await stripes.connected(grant.account_id).fetch("account"))


async def _accept(scope: Scope, id: StripeConnectionId, granted: Profile) -> StripeConnection:
    """An account that was connected before goes on with the row that it had."""
    connections = StripeConnectionRepository(scope)
    row = await connections.get_locked(id)
    known = await connections.of_account(granted.account_id, livemode=row.livemode)
    if known is None:
        return await _activate_first(scope, row, granted)
    refuse_living(known)
    activate(known, "connect", granted)
    known.redirect_url, known.reference = row.redirect_url, row.reference
    await scope.session.delete(row)
    return known


async def _activate_first(
    scope: Scope, row: StripeConnection, granted: Profile
) -> StripeConnection:
    try:
        async with scope.savepoint():
            activate(row, "connect", granted)
    except IntegrityError as error:
        raise StripeAccountConnected("The account was connected a moment ago.") from error
    return row


async def _refuse(scope: Scope, id: StripeConnectionId, error: PayymoError) -> StripeConnection:
    row = await StripeConnectionRepository(scope).get_locked(id)
    revoke(row)
    row.status, row.error_code, row.error_detail = "error", error.code, error.detail
    return row
