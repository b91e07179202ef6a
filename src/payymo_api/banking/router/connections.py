from typing import Annotated

from fastapi import Depends, Query, Request

from payymo_api.banking.repository import AccountRepository, ConnectionRepository, RunRepository
from payymo_api.banking.router.banks import BanksDep
from payymo_api.banking.schemas.accounts import AccountAnswer
from payymo_api.banking.schemas.connections import (
    ConnectionAnswer,
    ConnectionFilters,
    ConnectionRequest,
    ReauthorizeRequest,
    RefreshAnswer,
    RunAnswer,
)
from payymo_api.banking.service import connections as service
from payymo_api.banking.service.answers import account_answer, run_answer
from payymo_api.banking.service.connections import Journey
from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import ConnectionRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import EffectDep, ScopeDep
from payymo_api.edge.state import PartsDep

router = api_router("/bank_connections", "bank_connections")


def begin_journey(request: Request, parts: PartsDep, banks: BanksDep, effect: EffectDep) -> Journey:
    """A trip to the bank that a repeated request takes up where the first one ended."""
    callback = request.app.url_path_for("come_back")
    return Journey(
        database=parts.database,
        banks=banks,
        tenant_id=effect.tenant_id,
        id=effect.id,
        callback_url=f"{parts.settings.public_url}{callback}",
        secret=parts.settings.api_key_pepper.get_secret_value().encode(),
    )


JourneyDep = Annotated[Journey, Depends(begin_journey)]


@router.get("")
async def list_bank_connections(
    scope: ScopeDep, filters: Annotated[ConnectionFilters, Query()]
) -> Listing[ConnectionAnswer]:
    """List connections, newest first."""
    return await service.list_connections(scope, filters)


@router.post("", status_code=201)
async def create_bank_connection(
    journey: JourneyDep, request: ConnectionRequest
) -> ConnectionAnswer:
    """Ask for access to a bank. Send the account holder to `authorization_url`.

    The connection is `pending` until they have consented; then its accounts are read, and
    `bank_connection.created` is sent.
    """
    return await service.create_connection(journey, request)


@router.get("/{connection_id}")
async def get_bank_connection(scope: ScopeDep, connection_id: ConnectionRef) -> ConnectionAnswer:
    """Read one connection, with its accounts, its consent's days and what is wrong with it."""
    return await service.get_connection(scope, connection_id)


@router.delete("/{connection_id}", status_code=204)
async def remove_bank_connection(scope: ScopeDep, connection_id: ConnectionRef) -> None:
    """Remove a connection and end its consent. Accounts and transactions stay."""
    await service.remove_connection(scope, connection_id)


@router.post("/{connection_id}/refresh", status_code=202)
async def refresh_bank_connection(scope: ScopeDep, connection_id: ConnectionRef) -> RefreshAnswer:
    """Read the accounts now, as far as the bank's allowance goes."""
    return await service.refresh_connection(scope, connection_id)


@router.post("/{connection_id}/reauthorize", status_code=202)
async def reauthorize_bank_connection(
    journey: JourneyDep, connection_id: ConnectionRef, request: ReauthorizeRequest
) -> ConnectionAnswer:
    """Ask for a new consent for the same connection: accounts and history stay, nothing doubles."""
    return await service.reauthorize(journey, connection_id, request)


@router.get("/{connection_id}/accounts")
async def list_connected_accounts(
    scope: ScopeDep, connection_id: ConnectionRef, paging: Annotated[Paging, Query()]
) -> Listing[AccountAnswer]:
    """List the accounts that this connection feeds."""
    await ConnectionRepository(scope).get(connection_id)
    page = await AccountRepository(scope).page(connection_id, paging.cursor, paging.limit)
    return Listing[AccountAnswer].of(page, account_answer)


@router.get("/{connection_id}/sync_runs")
async def list_sync_runs(
    scope: ScopeDep, connection_id: ConnectionRef, paging: Annotated[Paging, Query()]
) -> Listing[RunAnswer]:
    """List readings of the connection's accounts, newest first: counts, warnings, errors."""
    await ConnectionRepository(scope).get(connection_id)
    page = await RunRepository(scope).page(connection_id, paging.cursor, paging.limit)
    return Listing[RunAnswer].of(page, run_answer)
