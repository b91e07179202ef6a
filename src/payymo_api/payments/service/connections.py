"""Connections to Stripe accounts: by the account's own key, or by Stripe Connect."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.states import derived_state, digest_of
from payymo_api.core.types import StripeConnectionId, TenantId, public_id
from payymo_api.messaging import outbox
from payymo_api.payments.errors import KeyUnfit, StripeAccountConnected, StripeConnectionHasNoKey
from payymo_api.payments.events import StripeAccessEnded
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository, is_connected
from payymo_api.payments.schemas.connections import (
    RotateKeyRequest,
    StripeConnectionAnswer,
    StripeConnectionRequest,
)
from payymo_api.payments.service import catching_up, history
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.answers import connection_answer
from payymo_api.payments.service.examining import ExaminedKey, Profile, examine

_VISIT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Asking:
    """A request for a connection. `id` stays the same when the request is repeated.

    So does the state of a trip to Stripe: it is derived, and unguessable without `secret`.
    """

    database: Database
    stripes: Stripes
    tenant_id: TenantId
    id: UUID
    callback_url: str
    secret: bytes = field(repr=False)

    @property
    def state(self) -> str:
        return derived_state(self.secret, f"stripe_connect:{self.tenant_id}:{self.id}")


async def create_connection(
    asking: Asking, request: StripeConnectionRequest
) -> StripeConnectionAnswer:
    if request.type == "key":
        return await _create_by_key(asking, request)
    return await _begin_connect(asking, request)


async def _create_by_key(
    asking: Asking, request: StripeConnectionRequest
) -> StripeConnectionAnswer:
    """Examine the key, then keep it: no transaction is open while Stripe is asked."""
    if request.secret_key is None or request.redirect_url is not None:
        raise ValidationFailed.at("/secret_key", "missing", "`key` needs secret_key, and no URL.")
    key = await examine(asking.stripes, request.secret_key.get_secret_value())
    row = StripeConnection(
        tenant_id=asking.tenant_id,
        id=StripeConnectionId(asking.id),
        type="key",
        status="active",
        livemode=key.nature.livemode,
        account_id=key.profile.account_id,
        reference=request.reference,
        activated_at=now(),
    )
    async with asking.database.scope(asking.tenant_id) as scope:
        known = await StripeConnectionRepository(scope).keep(row)
        if known is not None and known.id != row.id:
            refuse_living(known)
        kept = known or await StripeConnectionRepository(scope).get(row.id)
        activate(kept, "key", key.profile)
        _take_key(asking.stripes, kept, key)
        kept.reference = request.reference
        await catching_up.start(scope, kept)
        await history.start(scope, kept.id)
        return await shown(scope, kept)


def refuse_living(known: StripeConnection) -> None:
    """One account is connected once; a connection that was removed is taken up again."""
    if known.status in LIVING:
        id = public_id("scon", known.id)
        raise StripeAccountConnected(f"The account {known.account_id} is connected by {id}.")


def activate(row: StripeConnection, type: str, profile: Profile) -> None:
    """Let the connection live, for the first time or again."""
    row.type, row.status, row.account_id = type, "active", profile.account_id
    row.account_name, row.country = profile.name, profile.country
    row.default_currency = profile.default_currency
    row.activated_at = now()
    row.authorization_url = row.error_code = row.error_detail = row.removed_at = None
    row.secret_key = row.key_hint = None


def _take_key(stripes: Stripes, row: StripeConnection, key: ExaminedKey) -> None:
    row.secret_key, row.key_hint = stripes.sealed(row, key.secret), key.nature.hint


async def shown(scope: Scope, row: StripeConnection) -> StripeConnectionAnswer:
    """Return the answer with what the database filled in."""
    await scope.session.flush()
    await scope.session.refresh(row)
    return connection_answer(row)


async def _begin_connect(
    asking: Asking, request: StripeConnectionRequest
) -> StripeConnectionAnswer:
    if request.redirect_url is None or request.secret_key is not None:
        raise ValidationFailed.at("/redirect_url", "missing", "`connect` needs it, and no key.")
    platform = asking.stripes.connect()
    url = platform.authorization_url(state=asking.state, redirect_url=asking.callback_url)
    row = StripeConnection(
        id=StripeConnectionId(asking.id),
        type="connect",
        status="pending",
        livemode=asking.stripes.platform_livemode,
        reference=request.reference,
        redirect_url=request.redirect_url,
        authorization_url=url,
    )
    async with asking.database.scope(asking.tenant_id) as scope:
        connections = StripeConnectionRepository(scope)
        kept = await connections.keep(row) or await connections.get(row.id)
        await connections.open_visit(kept.id, digest_of(asking.state), now() + _VISIT_LIFE)
        return await shown(scope, kept)


async def rotate_key(
    asking: Asking, id: StripeConnectionId, request: RotateKeyRequest
) -> StripeConnectionAnswer:
    """Take another key of the same account and mode; calls under way end with the old one."""
    async with asking.database.scope(asking.tenant_id) as scope:
        _refuse_keyless(await StripeConnectionRepository(scope).get(id))
    key = await examine(asking.stripes, request.secret_key.get_secret_value())
    async with asking.database.scope(asking.tenant_id) as scope:
        row = await StripeConnectionRepository(scope).get_locked(id)
        _refuse_keyless(row)
        if key.nature.livemode is not row.livemode:
            raise KeyUnfit.at("/secret_key", "other_mode", "The key is of the other mode.")
        if key.profile.account_id != row.account_id:
            raise KeyUnfit.at("/secret_key", "other_account", "The key is of another account.")
        _take_key(asking.stripes, row, key)
        row.status, row.error_code, row.error_detail = "active", None, None
        return await shown(scope, row)


def _refuse_keyless(row: StripeConnection) -> None:
    if row.type != "key":
        raise StripeConnectionHasNoKey("The account is connected by Stripe Connect.")


async def remove_connection(scope: Scope, id: StripeConnectionId) -> None:
    """Forget the key, or end the access by a job; what was kept of the account stays."""
    row = await StripeConnectionRepository(scope).get_locked(id)
    if row.type == "connect" and row.status in LIVING and row.account_id:
        ended = StripeAccessEnded(account_id=row.account_id, livemode=row.livemode)
        await outbox.record(scope, ended)
    revoke(row)
    row.removed_at = now()


def revoke(row: StripeConnection) -> None:
    """Our access has ended."""
    row.status, row.secret_key, row.key_hint, row.authorization_url = "revoked", None, None, None


async def end_access(database: Database, stripes: Stripes, ended: StripeAccessEnded) -> None:
    """Give the access back at Stripe, unless a tenant has the account connected (again).

    A platform that has gone live since has no way to an access of its test mode.
    """
    if ended.livemode is not stripes.platform_livemode:
        return
    async with database.system() as session:
        if await is_connected(session, ended.account_id, livemode=ended.livemode):
            return
    await stripes.connect().deauthorize(ended.account_id)
