"""What follows from Stripe's events: the objects that they tell of are asked for, and mirrored."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from payymo_api.core import log
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import StripeConnectionId, TenantId
from payymo_api.messaging import inbox
from payymo_api.messaging.models import InboxMessage
from payymo_api.payments.errors import StripeAccessLost, StripeRefused
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import ConnectionRepository
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.rules.notices import ACCOUNT, Subject, subjects_of
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.kinds import KINDS

_TOLD_BY: Final[Mapping[str, str]] = {
    "payment_intent.succeeded": "stripe_payment.succeeded",
    "payment_intent.payment_failed": "stripe_payment.failed",
    "payment_intent.requires_action": "stripe_payment.requires_action",
    "charge.refunded": "stripe_payment.refunded",
    "charge.dispute.created": "stripe_payment.disputed",
    "payout.paid": "stripe_payout.paid",
    "payout.failed": "stripe_payout.failed",
    "payout.reconciliation_completed": "stripe_payout.reconciled",
}
"""Stripe's event type -> ours that it brings about, even for objects of before the connection."""
_log = log.get(__name__)


async def follow(database: Database, stripes: Stripes, message: InboxMessage) -> datetime:
    """Ask for what the message tells of, unless that was done since it came.

    Return the moment of the earliest question: what came before it is dealt with.
    """
    tenant_id = message.tenant_id
    async with database.scope(tenant_id) as scope:
        connection = await _living(scope, StripeConnectionId(message.connection_id))
        if connection is None:
            return message.received_at
        fresh = await _fresh(scope, message)
        told = {_TOLD_BY[type] for type in await inbox.types(scope, message) if type in _TOLD_BY}
    asked = [*fresh.values()]
    for subject in subjects_of(message.subject):
        if subject not in fresh:
            asked.append(await _ask(database, stripes, connection, subject, told))
    return min(asked, default=message.received_at)


async def _living(scope: Scope, id: StripeConnectionId) -> StripeConnection | None:
    connection = await ConnectionRepository(scope).find(id)
    return connection if connection and connection.status in LIVING else None


async def _fresh(scope: Scope, message: InboxMessage) -> dict[Subject, datetime]:
    """What of the message was asked for since it came, and when."""
    fresh = {}
    connection_id = StripeConnectionId(message.connection_id)
    for kind, id in subjects_of(message.subject):
        if kind in KINDS:
            row = await MirrorRepository(scope, KINDS[kind].model).by_stripe_id(connection_id, id)
            if row and row.asked_at > message.received_at:
                fresh[kind, id] = row.asked_at
    return fresh


async def _ask(
    database: Database,
    stripes: Stripes,
    connection: StripeConnection,
    subject: Subject,
    told: Collection[str],
) -> datetime:
    """Ask Stripe with no transaction open, then keep what it said; return when it was asked."""
    kind, id = subject
    account = stripes.of(connection)
    asked_at = await mirror.asked_at(database, connection.tenant_id)
    if kind == ACCOUNT:
        await _look_at_access(database, stripes, connection)
        return asked_at
    try:
        raw = await account.retrieve(kind, id)
    except StripeRefused as error:
        if not error.missing:
            raise
        raw = {"id": id, "object": kind, "deleted": True}
    async with database.scope(connection.tenant_id) as scope:
        if raw.get("deleted"):
            await mirror.remove(scope, connection, kind, id, asked_at)
        else:
            await mirror.keep(scope, connection, kind, [raw], asked_at, announce=told)
    return asked_at
