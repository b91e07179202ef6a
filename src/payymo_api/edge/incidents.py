"""A try at another tenant's object is noticed, in a transaction that no rollback can lose."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import Table, column, func, select, table, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.db import Base, Database
from payymo_api.core.types import TenantId, new_id, parse_public_id
from payymo_api.edge.models import SecurityIncident

_log = log.get(__name__)
_NAMED_ID = re.compile(r"(?<![A-Za-z0-9])([a-z]{2,6})_[0-9a-v]{26}(?![A-Za-z0-9])")
_MOST_IDS = 200
_TENANTS = table("tenants", column("tenant_id"))


@dataclass(frozen=True, slots=True)
class Named:
    """An id that a request named: its text and what is inside."""

    text: str
    prefix: str
    id: UUID


def named_ids(*texts: str) -> list[Named]:
    """Return the public ids in a request's path, query and body."""
    found = {match[0]: match[1] for text in texts for match in _NAMED_ID.finditer(text)}
    return [
        Named(text, prefix, id)
        for text, prefix in list(found.items())[:_MOST_IDS]
        if (id := _inside(prefix, text))
    ]


def _inside(prefix: str, text: str) -> UUID | None:
    try:
        return parse_public_id(prefix, text)
    except ValueError:
        return None


def owned_tables() -> Mapping[str, Table]:
    """Return id prefix -> table, for every model that names its prefix."""
    return {
        mapper.class_.prefix: mapper.local_table
        for mapper in Base.registry.mappers
        if hasattr(mapper.class_, "prefix") and isinstance(mapper.local_table, Table)
    }


async def notice(database: Database, actor: TenantId, request: str, names: Iterable[Named]) -> None:
    """Write an incident for each named object that belongs to another tenant."""
    tables = owned_tables()
    async with database.system() as session:
        for prefix, group in groupby(sorted(names, key=_prefix), key=_prefix):
            if prefix in tables:
                named = await _not_own(session, tables[prefix], actor, list(group))
                for each, owner in await _owned(session, tables[prefix], named):
                    await _write(session, owner, actor, request, each.text)


def _prefix(named: Named) -> str:
    return named.prefix


async def _not_own(
    session: AsyncSession, owned: Table, actor: TenantId, named: Sequence[Named]
) -> list[Named]:
    """Nearly every id that is named is the caller's own: one look in its primary key tells."""
    statement = select(owned.c.id).where(
        owned.c.tenant_id == actor, owned.c.id.in_([each.id for each in named])
    )
    own = set(await session.scalars(statement))
    return [each for each in named if each.id not in own]


async def _owned(
    session: AsyncSession, owned: Table, named: Sequence[Named]
) -> list[tuple[Named, TenantId]]:
    """One probe of the primary key per tenant: ids alone have no index, and need none but here."""
    if not named:
        return []
    theirs = (
        select(owned.c.id)
        .where(
            owned.c.tenant_id == _TENANTS.c.tenant_id, owned.c.id.in_([each.id for each in named])
        )
        .lateral()
    )
    statement = select(theirs.c.id, _TENANTS.c.tenant_id).join_from(_TENANTS, theirs, true())
    owners = {row.id: row.tenant_id for row in await session.execute(statement)}
    return [(each, owners[each.id]) for each in named if each.id in owners]


async def _write(
    session: AsyncSession, owner: TenantId, actor: TenantId, request: str, object_id: str
) -> None:
    moment = now()
    statement = insert(SecurityIncident).values(
        tenant_id=owner,
        id=new_id(),
        hour=moment.replace(minute=0, second=0, microsecond=0),
        actor_tenant_id=actor,
        object_id=object_id,
        request=request,
        attempts=1,
    )
    key = [
        SecurityIncident.tenant_id,
        SecurityIncident.hour,
        SecurityIncident.actor_tenant_id,
        SecurityIncident.object_id,
    ]
    again = {"attempts": SecurityIncident.attempts + 1, "last_at": func.now()}
    await session.execute(statement.on_conflict_do_update(index_elements=key, set_=again))
    _log.warning("security_incident", owner=str(owner), actor=str(actor), object=object_id)
