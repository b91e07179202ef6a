"""Tenant scoping by dependency injection: no route reaches data but through one of these."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from payymo_api.core.db import Database, ReadScope, Scope
from payymo_api.core.errors import Forbidden, PayymoError, Unauthenticated
from payymo_api.core.types import TenantId, new_id
from payymo_api.core.writes import WriteScope
from payymo_api.edge import idempotency
from payymo_api.edge.caller import Caller, Recheck
from payymo_api.edge.idempotency import Ticket
from payymo_api.edge.state import DatabaseDep

Act = Callable[[], Awaitable[None]]
_READS = {"GET", "HEAD"}
api_key = APIKeyHeader(
    name="X-API-Key", auto_error=False, scheme_name="ApiKey", description="`pym_live_…`"
)
bearer = HTTPBearer(auto_error=False, scheme_name="Bearer", description="The same API key.")


async def get_caller(
    request: Request,
    _: Annotated[object, Security(api_key)],
    __: Annotated[object, Security(bearer)],
) -> Caller:
    return caller_of(request)


def caller_of(request: Request) -> Caller:
    """Return whom `edge.door` has let in."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Unauthenticated("Send your API key in X-API-Key.")
    return caller


CallerDep = Annotated[Caller, Depends(get_caller)]


async def begin_stream(request: Request) -> Recheck:
    """For an answer without an end, which takes no request's place in this process."""
    begin: Callable[[], Recheck] = request.state.begin_stream
    return begin()


RecheckDep = Annotated[Recheck, Depends(begin_stream)]


def permission(resource: str) -> Callable[[Request, Caller], Awaitable[None]]:
    """A router's dependency: the key needs `<resource>:read` or `<resource>:write`."""

    async def check(request: Request, caller: CallerDep) -> None:
        needed = f"{resource}:{'read' if request.method in _READS else 'write'}"
        if not caller.may(needed):
            raise Forbidden(f"This key lacks the scope {needed}.")

    check.permission = resource  # type: ignore[attr-defined]  # tests walk the routes for it
    return check


async def open_scope(
    request: Request, database: DatabaseDep, caller: CallerDep
) -> AsyncIterator[Scope]:
    """One transaction for the whole request; a business refusal is kept under its key."""
    request.state.afterwards = []
    ticket = await idempotency.ticket(request, caller.tenant_id)
    if ticket is None:
        async with database.scope(caller.tenant_id) as scope:
            yield scope
        await _do(request.state.afterwards)
        return
    refused: PayymoError | None = None
    async with database.scope(caller.tenant_id) as scope:
        await idempotency.begin(scope, ticket)
        request.state.keeps = (scope, ticket)
        try:
            async with scope.savepoint():
                yield scope
        except PayymoError as error:
            if not idempotency.is_kept(error):
                raise
            await idempotency.keep(scope, ticket, idempotency.refusal(request, error))
            refused = error
    if refused:
        raise refused
    await _do(request.state.afterwards)


async def _do(acts: Sequence[Act]) -> None:
    for act in acts:
        await act()


def _afterwards(request: Request) -> Callable[[Act], None]:
    acts: list[Act] = request.state.afterwards
    return acts.append


# scope="function": commit before the response leaves, so a failed commit is a 500 and not a lie.
ScopeDep = Annotated[Scope, Depends(open_scope, scope="function")]
AfterCommitDep = Annotated[Callable[[Act], None], Depends(_afterwards)]
"""Called with what is to be done when ScopeDep's transaction has committed, before the answer."""


async def open_read_scope(database: DatabaseDep, caller: CallerDep) -> AsyncIterator[ReadScope]:
    """`open_scope` for a GET that is asked all the time."""
    async with database.read_scope(caller.tenant_id) as scope:
        yield scope


ReadScopeDep = Annotated[ReadScope, Depends(open_read_scope, scope="function")]


async def open_write_scope(
    request: Request, database: DatabaseDep, caller: CallerDep
) -> AsyncIterator[WriteScope]:
    """`open_scope` for a POST that is made all the time: a refusal is kept by a second transaction.

    Whoever came in between with the same key is answered for.
    """
    ticket = await idempotency.ticket(request, caller.tenant_id)
    try:
        with idempotency.settled_by_key():
            async with database.write_scope(caller.tenant_id) as scope:
                if ticket:
                    await idempotency.begin_write(scope, ticket)
                    request.state.keeps_write = ticket
                yield scope
    except PayymoError as error:
        if ticket and getattr(request.state, "keeps_write", None) and idempotency.is_kept(error):
            await _keep_refusal(database, ticket, idempotency.refusal(request, error))
        raise


async def _keep_refusal(database: Database, ticket: Ticket, refusal: Response) -> None:
    with idempotency.settled_by_key():
        async with database.write_scope(ticket.tenant_id) as scope:
            await idempotency.begin_write(scope, ticket)
            await idempotency.keep_write(scope, ticket, refusal)


WriteScopeDep = Annotated[WriteScope, Depends(open_write_scope, scope="function")]


@dataclass(frozen=True, slots=True)
class Effect:
    """A request that acts at a provider: no transaction is open; `id` is the same on a retry.

    `began_at`: when the first request with its key came (PostgreSQL's clock). `repeated`: this one
    is not the first, and nobody knows whether that one has acted.
    """

    id: UUID
    tenant_id: TenantId
    database: Database
    ticket: Ticket | None = None
    began_at: datetime | None = None
    repeated: bool = False


async def open_effect(
    request: Request, database: DatabaseDep, caller: CallerDep
) -> AsyncIterator[Effect]:
    """Claim the key. The refusal of a repeated request is not kept: the first may have acted, and
    this one may have been refused before it could find out.
    """
    ticket = await idempotency.ticket(request, caller.tenant_id)
    if ticket is None:
        yield Effect(new_id(), caller.tenant_id, database)
        return
    async with database.scope(caller.tenant_id) as scope:
        claimed = await idempotency.claim(scope, ticket)
    effect = Effect(
        claimed.effect_id,
        caller.tenant_id,
        database,
        ticket,
        began_at=claimed.began_at,
        repeated=claimed.repeated,
    )
    request.state.effect = effect
    try:
        yield effect
    except PayymoError as error:
        async with database.scope(caller.tenant_id) as scope:
            if idempotency.is_kept(error) and not claimed.repeated:
                await idempotency.keep(scope, ticket, idempotency.refusal(request, error))
            else:
                await idempotency.release(scope, ticket)
        raise


EffectDep = Annotated[Effect, Depends(open_effect, scope="function")]
