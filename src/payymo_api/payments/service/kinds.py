"""Which of Stripe's objects are mirrored, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from payymo_api.messaging.events import Event, PublicEvent
from payymo_api.payments import events
from payymo_api.payments.models import (
    BalanceTransaction,
    Mirrored,
    Payout,
    StripeCustomer,
    StripeDispute,
    StripeInvoice,
    StripePayment,
    StripeRefund,
    StripeSubscription,
)
from payymo_api.payments.rules import (
    balance_transactions,
    customers,
    disputes,
    invoices,
    payments,
    payouts,
    refunds,
    subscriptions,
)
from payymo_api.payments.rules.raw import Raw, Values
from payymo_api.payments.service.answers import (
    balance_transaction_answer,
    dispute_answer,
    payment_answer,
    payout_answer,
    refund_answer,
)
from payymo_api.payments.service.billing_answers import (
    customer_answer,
    invoice_answer,
    subscription_answer,
)

Moves = Sequence[tuple[Any, Values | None, Values]]
"""Rows, each with what it said before and says now."""


def _never(_: Values, __: Values) -> bool:
    return False


def _no_news(_: Values | None, __: Values) -> Sequence[str]:
    return ()


def _nothing(_: Moves) -> list[Event]:
    return []


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is read and told of.

    `read` gives the columns; `news` (before, None at first sight; after) the types of the public
    `events`, whose data is the row's `answer`. `is_overtaken`: whether after can't come behind
    before. `follow` makes the internal events.
    """

    model: type[Mirrored]
    read: Callable[[Raw], Values]
    answer: Callable[[Any], BaseModel]
    news: Callable[[Values | None, Values], Sequence[str]] = _no_news
    events: Mapping[str, type[PublicEvent]] = field(default_factory=dict)
    is_overtaken: Callable[[Values, Values], bool] = _never
    follow: Callable[[Moves], list[Event]] = _nothing


def _public(*events: type[PublicEvent]) -> Mapping[str, type[PublicEvent]]:
    return {event.name: event for event in events}


def _payments_moved(moves: Moves) -> list[Event]:
    ids = [row.id for row, before, after in moves if payments.moves_money(before, after)]
    return [events.StripePaymentsMoved(payment_ids=ids)] if ids else []


def _disputes_decided(moves: Moves) -> list[Event]:
    ids = [row.id for row, before, after in moves if disputes.moves_money(before, after)]
    return [events.DisputesDecided(dispute_ids=ids)] if ids else []


def _payouts_followed(moves: Moves) -> list[Event]:
    changed = [row.id for row, before, after in moves if payouts.may_match_anew(before, after)]
    listed = [row.id for row, before, after in moves if payouts.is_to_add_up(before, after)]
    return [
        *([events.PayoutsChanged(payout_ids=changed)] if changed else []),
        *(events.PayoutListed(payout_id=id) for id in listed),
    ]


def _invoices_moved(moves: Moves) -> list[Event]:
    ids = [row.id for row, before, after in moves if invoices.moves_books(before, after)]
    return [events.StripeInvoicesMoved(invoice_ids=ids)] if ids else []


KINDS: Final[Mapping[str, Kind]] = {
    "customer": Kind(StripeCustomer, read=customers.read, answer=customer_answer),
    "payment_intent": Kind(
        StripePayment,
        read=payments.read,
        answer=payment_answer,
        news=payments.news,
        events=_public(
            events.StripePaymentSucceeded,
            events.StripePaymentFailed,
            events.StripePaymentRequiresAction,
            events.StripePaymentRefunded,
        ),
        is_overtaken=payments.is_overtaken,
        follow=_payments_moved,
    ),
    "refund": Kind(
        StripeRefund,
        read=refunds.read,
        answer=refund_answer,
        news=refunds.news,
        is_overtaken=refunds.is_overtaken,
    ),
    "dispute": Kind(
        StripeDispute,
        read=disputes.read,
        answer=dispute_answer,
        news=disputes.news,
        events=_public(events.StripePaymentDisputed),
        follow=_disputes_decided,
    ),
    "payout": Kind(
        Payout,
        read=payouts.read,
        answer=payout_answer,
        news=payouts.news,
        events=_public(events.StripePayoutPaid, events.StripePayoutFailed),
        follow=_payouts_followed,
    ),
    "balance_transaction": Kind(
        BalanceTransaction, read=balance_transactions.read, answer=balance_transaction_answer
    ),
    "subscription": Kind(
        StripeSubscription,
        read=subscriptions.read,
        answer=subscription_answer,
        is_overtaken=subscriptions.is_overtaken,
    ),
    "invoice": Kind(
        StripeInvoice,
        read=invoices.read,
        answer=invoice_answer,
        is_overtaken=invoices.is_overtaken,
        follow=_invoices_moved,
    ),
}
"""Stripe's name of an object -> how it is mirrored. History is fetched in this order."""
