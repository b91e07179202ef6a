"""What follows from Stripe's events: the objects that they tell of are asked for, and mirrored."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from payymo_api.core.db import Database, Scope
from payymo_api.core.types import StripeConnectionId
from payymo_api.edge import exact
from payymo_api.messaging import inbox, outbox
from payymo_api.messaging.models import InboxMessage
from payymo_api.payments.errors import (
    StripeAccessLost,
    StripeKeyRefused,
    StripeRefused,
    StripeScopeMissing,
)
from payymo_api.payments.events import StripeConnectionRevoked
from payymo_api.payments.gateway import StripeAccount
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.repository.connections import StripeConnectionRepository
from payymo_api.payments.repository.mirror import MirrorRepository
from payymo_api.payments.rules.notices import ACCOUNT, Subject, subjects_of
from payymo_api.payments.rules.raw import Raw
from payymo_api.payments.service import mirror
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.connections import revoke, shown
from payymo_api.payments.service.intake import followed
from payymo_api.payments.service.kinds import KINDS
from payymo_api.payments.service.troubles import noted

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


async def follow(database: Database, stripes: Stripes, message: InboxMessage) -> datetime:
    """Ask for what the message tells of, unless that was done since it came.

    Return the moment of the earliest question: what came before it is dealt with.
    """
    async with database.scope(message.tenant_id) as scope:
        connection = await _living(scope, StripeConnectionId(message.connection_id))
        if connection is None:
            return message.received_at
        asked = await _asked_since(scope, message)
        told = {_TOLD_BY[type] for type in await inbox.types(scope, message) if type in _TOLD_BY}
    for subject in followed(subjects_of(message.subject)):
        if subject not in asked:
            async with noted(database, connection):
                asked[subject] = await _ask(database, stripes, connection, subject, told)
    return min(asked.values(), default=message.received_at)


async def _living(scope: Scope, id: StripeConnectionId) -> StripeConnection | None:
    connection = await StripeConnectionRepository(scope).find(id)
    return connection if connection and connection.status in LIVING else None


async def _asked_since(scope: Scope, message: InboxMessage) -> dict[Subject, datetime]:
    """What of the message was asked for since it came, and when."""
    asked = {}
    connection_id = StripeConnectionId(message.connection_id)
    for kind, id in subjects_of(message.subject):
        if kind in KINDS:
            found = await MirrorRepository(scope, KINDS[kind].model).asked_at(connection_id, [id])
            if id in found and found[id] > message.received_at:
                asked[kind, id] = found[id]
    return asked


async def _ask(
    database: Database,
    stripes: Stripes,
    connection: StripeConnection,
    subject: Subject,
    told: Collection[str],
) -> datetime:
    """Ask Stripe with no transaction open, then keep what it said; return when it was asked."""
    kind, id = subject
    asked_at = await mirror.asked_at(database, connection.tenant_id)
    if kind == ACCOUNT:
        await _look_at_access(database, stripes, connection)
        return asked_at
    raw = await _retrieved(stripes.of(connection), kind, id)
    async with database.scope(connection.tenant_id) as scope:
        if raw is None:
            await mirror.remove(scope, connection, kind, id, asked_at)
        else:
            await mirror.keep(scope, connection, kind, [raw], asked_at, announce=told)
    return asked_at


async def _retrieved(account: StripeAccount, kind: str, id: str) -> Raw | None:
    """Return the object; None if Stripe has it no more, or only knows that it was deleted."""
    try:
        raw = await account.retrieve(kind, id)
    except StripeRefused as error:
        if error.missing:
            return None
        raise
    return None if raw.get("deleted") else raw


async def _look_at_access(
    database: Database, stripes: Stripes, connection: StripeConnection
) -> None:
    """The account's owner has taken the access back, unless it was granted again since."""
    try:
        await stripes.of(connection).fetch("account")
    except (StripeKeyRefused, StripeScopeMissing):
        raise
    except StripeAccessLost:
        async with database.scope(connection.tenant_id) as scope:
            row = await StripeConnectionRepository(scope).find_locked(connection.id)
            if row and row.status in LIVING:
                revoke(row)
                told = exact.dump(await shown(scope, row)).decode()
                await outbox.record(scope, StripeConnectionRevoked(data=told))
