"""`Idempotency-Key`: the key, the effect and the kept answer are one transaction.

An effect at a provider can't be rolled back, so there the order is claim (committed, a lease of
60 s), effect under an id derived from the claim, answer; a claim that ran out is taken over.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request, Response
from sqlalchemy import CursorResult, Table, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from payymo_api.core import problems
from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import Conflict, PayymoError, ValidationFailed
from payymo_api.core.types import TenantId, new_id
from payymo_api.core.writes import WriteScope, inserted
from payymo_api.edge.models import IdempotencyKey
from payymo_api.edge.state import parts

KEPT = timedelta(hours=72)
LEASE = timedelta(seconds=60)
_FORGOTTEN_AT_ONCE = 5000
_KEPT_HEADERS = ("content-type", "location")
_NEVER_KEPT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}
_KEYS = cast("Table", IdempotencyKey.__table__)
_BEGIN = """
SELECT held, fingerprint, status, answer, created_at
FROM pg_try_advisory_xact_lock(hashtextextended($3, 0)) AS held
LEFT JOIN idempotency_keys ON tenant_id = $1 AND key = $2
"""
_FORGET = "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND key = $2"
_VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyReused(ValidationFailed):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another request"
    resolution = "Use a new key for every new request; repeat a request unchanged."


class InFlight(Conflict):
    code = "idempotency_in_flight"
    title = "The first request with this Idempotency-Key is still running"
    resolution = "Repeat it in a second."


class Replay(Exception):  # no error: the answer was given before
    """Carries the kept answer past the route to `edge.route`, which sends it."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request's key: whose, what it is for, and how its answer is sealed."""

    key: str
    tenant_id: TenantId
    fingerprint: bytes
    keyring: Keyring

    @property
    def row(self) -> str:
        return f"idempotency_keys:{self.tenant_id}:{self.key}"


async def ticket(request: Request, tenant_id: TenantId) -> Ticket | None:
    """Return the request's ticket, or None without the header; ValidationFailed if it is unfit."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not _VALID_KEY.fullmatch(key):
        raise ValidationFailed.at(
            "/Idempotency-Key", "invalid_key", "A key is 1 to 255 visible ASCII characters."
        )
    return Ticket(key, tenant_id, await _fingerprint(request), parts(request).keyring)


async def _fingerprint(request: Request) -> bytes:
    """Method, path, query and body; a form's boundary is chance, so it doesn't count."""
    body = await request.body()
    boundary = re.search(r'boundary="?([^";]+)', request.headers.get("content-type", ""))
    if boundary:
        body = body.replace(boundary[1].encode(), b"")
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + body).digest()


async def begin(scope: Scope, ticket: Ticket) -> None:
    """Hold the key for this transaction; Replay, KeyReused or InFlight if it was used before."""
    await _lock(scope, ticket)
    row = await _read(scope, ticket)
    if row:
        _refuse_or_replay(row.fingerprint, row.status, row.answer, ticket)
        raise _in_flight()


async def begin_write(scope: WriteScope, ticket: Ticket) -> None:
    """`begin` in one statement: who committed since its snapshot, `keep_write` runs into."""
    [row] = await scope.fetch(_BEGIN, ticket.tenant_id, ticket.key, ticket.row)
    if not row["held"]:
        raise _in_flight()
    if row["fingerprint"] is None:
        return
    if row["created_at"] < now() - KEPT:
        await scope.fetch(_FORGET, ticket.tenant_id, ticket.key)
        return
    _refuse_or_replay(row["fingerprint"], row["status"], row["answer"], ticket)
    raise _in_flight()


async def keep_write(scope: WriteScope, ticket: Ticket, response: Response) -> None:
    """Store the answer with all else that is written."""
    columns: dict[str, list[object]] = {
        "key": [ticket.key],
        "effect_id": [new_id()],
        **{name: [value] for name, value in _answered(ticket, response).items()},
    }
    await scope.write(inserted(ticket.tenant_id, _KEYS, columns))


@contextmanager
def settled_by_key() -> Iterator[None]:
    """InFlight where another request has kept an answer under the key meanwhile."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.table_name != _KEYS.name:
            raise
        raise _in_flight() from error


@dataclass(frozen=True, slots=True)
class Claim:
    """`effect_id`: what the effect is made under. `began_at`: when it was first claimed.

    `repeated`: it may have been made already; whoever claimed it before has left no answer.
    """

    effect_id: UUID
    began_at: datetime
    repeated: bool


async def claim(scope: Scope, ticket: Ticket) -> Claim:
    """Claim the key for an effect at a provider."""
    await _lock(scope, ticket)
    row = await _read(scope, ticket)
    if row:
        _refuse_or_replay(row.fingerprint, row.status, row.answer, ticket)
        if row.claimed_until and row.claimed_until > now():
            raise _in_flight()
        row.claimed_until = now() + LEASE
        return Claim(row.effect_id, row.created_at, repeated=True)
    row = IdempotencyKey(
        tenant_id=ticket.tenant_id,
        key=ticket.key,
        fingerprint=ticket.fingerprint,
        effect_id=new_id(),
        claimed_until=now() + LEASE,
    )
    scope.session.add(row)
    await scope.session.flush()
    return Claim(row.effect_id, row.created_at, repeated=False)


async def keep(scope: Scope, ticket: Ticket, response: Response) -> None:
    """Store the answer, in the transaction that makes it true.

    One that was kept stays: whose claim ran out may end after whoever took it over.
    """
    values = {"claimed_until": None, **_answered(ticket, response)}
    statement = insert(IdempotencyKey).values(
        tenant_id=ticket.tenant_id, key=ticket.key, effect_id=new_id(), **values
    )
    key = [IdempotencyKey.tenant_id, IdempotencyKey.key]
    unanswered = IdempotencyKey.status.is_(None)
    await scope.session.execute(
        statement.on_conflict_do_update(index_elements=key, set_=values, where=unanswered)
    )


def _answered(ticket: Ticket, response: Response) -> dict[str, object]:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    plain = orjson.dumps(headers) + b"\n" + bytes(response.body)
    return {
        "fingerprint": ticket.fingerprint,
        "status": response.status_code,
        "answer": ticket.keyring.encrypt(plain, bound_to=ticket.row),
    }


async def forget_old(database: Database) -> int:
    """Delete keys that are past their time: they would not be honoured any more."""
    mine = tuple_(IdempotencyKey.tenant_id, IdempotencyKey.key)
    some = (
        select(IdempotencyKey.tenant_id, IdempotencyKey.key)
        .where(IdempotencyKey.created_at < func.now() - KEPT)
        .limit(_FORGOTTEN_AT_ONCE)
    )
    async with database.system() as session:
        gone = await session.execute(delete(IdempotencyKey).where(mine.in_(some)))
    return cast("CursorResult[Any]", gone).rowcount


async def release(scope: Scope, ticket: Ticket) -> None:
    """Let a failed effect be tried again at once, under the same id."""
    row = await _read(scope, ticket)
    if row and row.status is None:
        row.claimed_until = None


def _in_flight() -> InFlight:
    return InFlight("The first request with this key is still running.", retry_after=1)


def is_kept(error: PayymoError) -> bool:
    """A business refusal is an answer; a fault, a limit or a missing key is not."""
    return error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status not in _NEVER_KEPT


def refusal(request: Request, error: PayymoError) -> Response:
    base_url = parts(request).settings.public_url
    return problems.response(error, base_url=base_url, request_id=request.state.request_id)


async def _lock(scope: Scope, ticket: Ticket) -> None:
    number = func.hashtextextended(ticket.row, 0)
    if not await scope.session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        raise _in_flight()


async def _read(scope: Scope, ticket: Ticket) -> IdempotencyKey | None:
    """A statement of its own: its snapshot is taken after the lock."""
    mine = (IdempotencyKey.tenant_id == ticket.tenant_id, IdempotencyKey.key == ticket.key)
    row = await scope.session.scalar(select(IdempotencyKey).where(*mine))
    if row and row.created_at < now() - KEPT:
        await scope.session.execute(delete(IdempotencyKey).where(*mine))
        return None
    return row


def _refuse_or_replay(
    fingerprint: bytes, status: int | None, answer: bytes | None, ticket: Ticket
) -> None:
    if fingerprint != ticket.fingerprint:
        raise KeyReused("This key was used with another method, path or body.")
    if status is None or answer is None:
        return
    headers, _, body = ticket.keyring.decrypt(answer, bound_to=ticket.row).partition(b"\n")
    response = Response(body, status_code=status, headers=orjson.loads(headers))
    response.headers["Idempotent-Replayed"] = "true"
    raise Replay(response)
