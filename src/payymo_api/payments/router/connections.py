from typing import Annotated

from fastapi import Depends, Query, Request

from payymo_api.core.fields import Listing
from payymo_api.core.refs import StripeConnectionRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import EffectDep, ScopeDep
from payymo_api.edge.state import PartsDep
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.schemas.connections import (
    RotateKeyRequest,
    StripeConnectionAnswer,
    StripeConnectionDetail,
    StripeConnectionFilters,
    StripeConnectionRequest,
)
from payymo_api.payments.service import connections as service
from payymo_api.payments.service import history
from payymo_api.payments.service.answers import connection_answer
from payymo_api.payments.service.connections import Asking

router = api_router("/stripe/connections", "stripe_connections")


def begin_asking(
    request: Request, parts: PartsDep, stripes: StripesDep, effect: EffectDep
) -> Asking:
    """A request that a repeated one takes up where the first ended."""
    callback = request.app.url_path_for("come_back_from_stripe")
    return Asking(
        database=parts.database,
        stripes=stripes,
        tenant_id=effect.tenant_id,
        id=effect.id,
        callback_url=f"{parts.settings.public_url}{callback}",
        secret=parts.settings.api_key_pepper.get_secret_value().encode(),
    )


AskingDep = Annotated[Asking, Depends(begin_asking)]


@router.get("")
async def list_stripe_connections(
    scope: ScopeDep, filters: Annotated[StripeConnectionFilters, Query()]
) -> Listing[StripeConnectionAnswer]:
    """List connections to Stripe accounts, newest first."""
    page = await StripeConnectionRepository(scope).page(filters)
    return Listing[StripeConnectionAnswer].of(page, connection_answer)


@router.post("", status_code=201)
async def create_stripe_connection(
    asking: AskingDep, request: StripeConnectionRequest
) -> StripeConnectionAnswer:
    """Connect a Stripe account, by Stripe Connect or by a key of the account.

    `connect`: the connection is `pending`; send the account's owner to `authorization_url`.
    `key`: what the key may read is tried at once, and what is missing is named. An account that was
    connected before gets the connection that it had, with all that was kept of it.
    """
    return await service.create_connection(asking, request)


@router.get("/{stripe_connection_id}")
async def get_stripe_connection(
    scope: ScopeDep, stripe_connection_id: StripeConnectionRef
) -> StripeConnectionDetail:
    """Read one connection: its account, its mode, what is wrong, how far its history is fetched."""
    return await history.show(scope, stripe_connection_id)


@router.delete("/{stripe_connection_id}", status_code=204)
async def remove_stripe_connection(
    scope: ScopeDep, stripe_connection_id: StripeConnectionRef
) -> None:
    """Remove a connection: its key is forgotten, access by Connect ends. Payments stay."""
    await service.remove_connection(scope, stripe_connection_id)


@router.post("/{stripe_connection_id}/rotate_key")
async def rotate_stripe_key(
    asking: AskingDep, stripe_connection_id: StripeConnectionRef, request: RotateKeyRequest
) -> StripeConnectionAnswer:
    """Replace the key by another of the same account and mode.

    Delete the old key at Stripe afterwards: until then both work, and nothing is missed.
    """
    return await service.rotate_key(asking, stripe_connection_id, request)
