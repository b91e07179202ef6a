from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import KeyRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import CallerDep, ScopeDep
from payymo_api.edge.state import PartsDep
from payymo_api.tenants import service
from payymo_api.tenants.repository import IncidentRepository, KeyRepository
from payymo_api.tenants.schemas import IncidentAnswer, KeyAnswer, KeyRequest, NewKeyAnswer

keys = api_router("/api_keys", "api_keys")
incidents = api_router("/security_incidents", "security_incidents")


@keys.get("")
async def list_keys(scope: ScopeDep, paging: Annotated[Paging, Query()]) -> Listing[KeyAnswer]:
    """List the tenant's API keys, newest first; the keys themselves are never shown again."""
    page = await KeyRepository(scope).page(paging.cursor, paging.limit)
    return Listing[KeyAnswer].of(page, KeyAnswer.model_validate)


@keys.post("", status_code=201)
async def create_key(
    scope: ScopeDep, caller: CallerDep, parts: PartsDep, request: KeyRequest
) -> NewKeyAnswer:
    """Make an API key with at most the caller's own scopes. The key is in this answer only."""
    service.check_scopes(caller, request.scopes)
    made = await service.create_key(scope, parts.callers, parts.settings.environment, request)
    return NewKeyAnswer(**KeyAnswer.model_validate(made.row).model_dump(), key=made.key)


@keys.get("/{key_id}")
async def get_key(scope: ScopeDep, key_id: KeyRef) -> KeyAnswer:
    """Read one API key."""
    return KeyAnswer.model_validate(await KeyRepository(scope).get(key_id))


@keys.delete("/{key_id}", status_code=204)
async def revoke_key(scope: ScopeDep, caller: CallerDep, key_id: KeyRef) -> None:
    """Revoke an API key: every process refuses it within two seconds."""
    await service.revoke_key(scope, caller, key_id)


@incidents.get("")
async def list_incidents(
    scope: ScopeDep, paging: Annotated[Paging, Query()]
) -> Listing[IncidentAnswer]:
    """List tries by others to reach this tenant's objects, gathered per hour and object."""
    page = await IncidentRepository(scope).page(paging.cursor, paging.limit)
    return Listing[IncidentAnswer].of(page, IncidentAnswer.model_validate)
