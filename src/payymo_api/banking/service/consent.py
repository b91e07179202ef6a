"""The way back from the bank: what the consent brings, and what ends with it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from payymo_api.banking.errors import (
    AccountForbidden,
    AccountInactive,
    AccountSuspended,
    AllowanceSpent,
    ConsentExpired,
    ConsentFailed,
    ConsentPending,
    ConsentRejected,
)
from payymo_api.banking.events import (
    BankConnectionCreated,
    BankConnectionUpdated,
    ConsentReturned,
    ConsentRevoked,
)
from payymo_api.banking.gateway import AccountIdentity, BankGateway, ConsentState, ConsentStatus
from payymo_api.banking.models import BankConnection, ConsentVisit
from payymo_api.banking.repository import AccountRepository, ConnectionRepository
from payymo_api.banking.repository.connections import tenant_of_visit
from payymo_api.banking.rules import schedule
from payymo_api.banking.service.announcing import announce
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.linking import Arrival, link
from payymo_api.core import log
from payymo_api.core.addresses import with_query
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.errors import PayymoError, ProviderError
from payymo_api.core.states import digest_of
from payymo_api.core.types import ConnectionId, TenantId, public_id
from payymo_api.messaging import outbox

_CALLBACK_TIME = timedelta(seconds=60)
_log = log.get(__name__)
_REFUSED: dict[ConsentState, type[ProviderError]] = {
    ConsentState.REJECTED: ConsentRejected,
    ConsentState.EXPIRED: ConsentExpired,
    ConsentState.SUSPENDED: AccountSuspended,
    ConsentState.ERROR: ConsentFailed,
}
_SHUT = (AccountForbidden, AccountInactive, AccountSuspended)
"""What a bank says of one account of a consent that was given to several."""
_FINAL = (*_SHUT, ConsentExpired, ConsentFailed, ConsentRejected)
"""No later try has another answer."""


@dataclass(frozen=True, slots=True)
class Return:
    """Where to send the account holder, who is back from the bank."""

    url: str


async def come_back(database: Database, banks: Banks, state: str) -> Return | None:
    """Use the state; None if it is unknown, used or too old.

    A job is kept that does the same later, should the provider fail or this process die now.
    """
    digest = digest_of(state)
    async with database.system() as session:
        tenant_id = await tenant_of_visit(session, digest)
    if tenant_id is None:
        return None
    async with database.scope(tenant_id) as scope:
        visit = await ConnectionRepository(scope).use_visit(digest)
        if visit is None:
            return None
        id = visit.connection_id
        back = ConsentReturned(connection_id=id, visit=digest.hex())
        await outbox.record(scope, back, due_at=now() + _CALLBACK_TIME)
    try:
        await complete_consent(database, banks, tenant_id, id, digest)
    except PayymoError as error:
        _log.warning("consent_completed_later", code=error.code)
    async with database.scope(tenant_id) as scope:
        row = await ConnectionRepository(scope).find(id)
        return None if row is None else Return(_with_outcome(row))


def _with_outcome(row: BankConnection) -> str:
    return with_query(row.redirect_url, connection_id=public_id("bc", row.id), status=row.status)


async def complete_consent(
    database: Database, banks: Banks, tenant_id: TenantId, id: ConnectionId, digest: bytes
) -> None:
    """Ask what became of the consent, and act on it once; ConsentPending if it is not known yet.

    What can't be found out is tried again for as long as the trip to the bank may take.
    """
    async with database.scope(tenant_id) as scope:
        row = await ConnectionRepository(scope).find(id)
        visit = await ConnectionRepository(scope).visit(digest)
    if (
        row is None
        or visit is None
        or visit.consent_ref is None
        or _is_done(row, visit.consent_ref)
    ):
        return
    try:
        bank = banks.of(row.provider)
        status = await bank.consent(visit.consent_ref)
        _check(status)
        arrivals = await _arrivals(database, bank, tenant_id, visit, status.account_refs)
    except (ProviderError, AllowanceSpent) as error:
        if visit.expires_at > now() and not isinstance(error, _FINAL):
            raise
        async with database.scope(tenant_id) as scope:
            await _refuse(scope, id, error)
        return
    async with database.scope(tenant_id) as scope:
        await _activate(scope, id, visit.consent_ref, status, arrivals)


def _is_done(row: BankConnection, consent_ref: str) -> bool:
    """Whatever has become of the connection since: a consent makes it active once."""
    return row.activated_at is not None and row.consent_ref == consent_ref


def _check(status: ConsentStatus) -> None:
    """Raise what the consent came to, unless it was given."""
    if status.state is ConsentState.PENDING:
        raise ConsentPending("The bank has not completed the consent yet.", retry_after=30)
    if status.state in _REFUSED:
        kind = _REFUSED[status.state]
        raise kind(f"{kind.title}.")
    if not status.account_refs:
        raise ConsentFailed("The consent was given to no account.")


async def _arrivals(
    database: Database,
    bank: BankGateway,
    tenant_id: TenantId,
    visit: ConsentVisit,
    refs: Sequence[str],
) -> list[Arrival]:
    """Return the accounts that can be read: one that the bank has shut is left out."""
    arrivals: list[Arrival] = []
    refused: ProviderError | None = None
    for ref in refs:
        try:
            arrivals.append(await _arrival(database, bank, tenant_id, visit, ref))
        except _SHUT as error:
            _log.warning("account_left_out", code=error.code)
            refused = error
    if refused and not arrivals:
        raise refused
    return arrivals


async def _arrival(
    database: Database, bank: BankGateway, tenant_id: TenantId, visit: ConsentVisit, ref: str
) -> Arrival:
    """Ask about an account once: its details are among the calls that the bank counts."""
    if ref in visit.arrivals:
        return Arrival(**visit.arrivals[ref])
    arrival = await _asked(bank, await bank.account(ref))
    async with database.scope(tenant_id) as scope:
        await ConnectionRepository(scope).note_arrival(visit.digest, ref, asdict(arrival))
    return arrival


async def _asked(bank: BankGateway, identity: AccountIdentity) -> Arrival:
    """Details a bank withholds leave the currency unknown; its balances tell it."""
    currency = identity.currency
    if currency is None:
        balances = (await bank.balances(identity.ref)).balances
        if not balances:
            raise ConsentFailed("The bank tells no currency of the account.")
        currency = balances[0].amount.currency
    return Arrival(
        ref=identity.ref,
        currency=currency,
        iban=identity.iban,
        bban=identity.bban,
        masked_pan=identity.masked_pan,
        name=identity.name,
        owner_name=identity.owner_name,
    )


async def _activate(
    scope: Scope,
    id: ConnectionId,
    consent_ref: str,
    status: ConsentStatus,
    arrivals: Sequence[Arrival],
) -> None:
    held = await AccountRepository(scope).locked_of(id)  # before their connection, see `troubles`
    row = await ConnectionRepository(scope).find_locked(id)
    if row is None or _is_done(row, consent_ref):
        return
    replaced = row.consent_ref if row.consent_ref != consent_ref else None
    is_new = row.activated_at is None
    row.status, row.consent_ref, row.expires_at = "active", consent_ref, status.expires_at
    row.activated_at = row.activated_at or now()
    row.expiry_notice = (
        schedule.notice_due(status.expires_at, None, now()) if status.expires_at else None
    )
    row.authorization_url = row.error_code = row.error_detail = None
    await link(scope, row, held, arrivals)
    await announce(scope, row, BankConnectionCreated if is_new else BankConnectionUpdated)
    if replaced:
        await outbox.record(scope, ConsentRevoked(provider=row.provider, consent_ref=replaced))


async def _refuse(scope: Scope, id: ConnectionId, error: PayymoError) -> None:
    """A new connection shows why it failed; one that still works goes on with its old consent."""
    row = await ConnectionRepository(scope).find_locked(id)
    if row is None or row.status == "active":
        return
    if row.status == "pending":
        row.status = "error"
    row.error_code, row.error_detail, row.authorization_url = error.code, error.detail, None
    await announce(scope, row, BankConnectionUpdated)


async def end_consent(banks: Banks, provider: str, consent_ref: str) -> None:
    """End a consent at the provider; one that is gone already is no error."""
    await banks.of(provider).revoke(consent_ref)
