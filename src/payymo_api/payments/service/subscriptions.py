"""Subscriptions at Stripe: made, changed with proration, paused, cancelled."""

from typing import Any

from payymo_api.core.types import SubscriptionId
from payymo_api.edge.etag import IfMatch
from payymo_api.payments.errors import StripeRefused
from payymo_api.payments.gateway import Params
from payymo_api.payments.models import StripeConnection, StripeSubscription
from payymo_api.payments.repository.billing import SubscriptionRepository
from payymo_api.payments.rules.subscriptions import item_changes
from payymo_api.payments.schemas.subscriptions import (
    CancelSubscriptionRequest,
    PauseRequest,
    SubscriptionAnswer,
    SubscriptionChange,
    SubscriptionMade,
    SubscriptionRequest,
)
from payymo_api.payments.service.attempts import Attempt
from payymo_api.payments.service.billing import connection_named, found, given, replaced
from payymo_api.payments.service.billing_answers import subscription_answer

SUBSCRIPTION = "subscription"


async def create_subscription(attempt: Attempt, request: SubscriptionRequest) -> SubscriptionMade:
    connection = await connection_named(attempt, request.connection_id)
    params = given(
        customer=request.customer,
        items=[each.model_dump(exclude_none=True) for each in request.items],
        collection_method=request.collection_method,
        days_until_due=request.days_until_due,
        trial_period_days=request.trial_days,
        payment_behavior=request.payment_behavior,
        default_payment_method=request.default_payment_method,
        description=request.description,
        metadata=request.metadata or None,
    )
    asked_at = await attempt.asked_at()
    raw = await attempt.stripes.of(connection).create(SUBSCRIPTION, params, key=attempt.key)
    row = await attempt.keep(connection, SUBSCRIPTION, raw, asked_at)
    return await _made(attempt, connection, row)


async def _made(
    attempt: Attempt, connection: StripeConnection, row: StripeSubscription
) -> SubscriptionMade:
    connected = connection.type == "connect"
    return SubscriptionMade(
        **dict(subscription_answer(row)),
        client_secret=await _client_secret(attempt, connection, row),
        publishable_key=attempt.stripes.publishable_key if connected else None,
        stripe_account=connection.account_id if connected else None,
    )


async def _client_secret(
    attempt: Attempt, connection: StripeConnection, row: StripeSubscription
) -> str | None:
    """Its first invoice is paid by the payer; the secret passes through, and is not kept."""
    if row.status != "incomplete" or row.latest_invoice is None:
        return None
    account = attempt.stripes.of(connection)
    expand = {"expand": ["confirmation_secret"]}
    invoice = await account.fetch(f"invoices/{row.latest_invoice}", expand)
    secret: str | None = (invoice["confirmation_secret"] or {}).get("client_secret")
    return secret


async def change_subscription(
    attempt: Attempt, id: SubscriptionId, request: SubscriptionChange, if_match: IfMatch
) -> SubscriptionAnswer:
    """Change what it sells now, as Stripe says, into what it shall sell."""
    row, connection = await _current(attempt, id)
    if_match.check(subscription_answer(row))
    wished = [(each.price, each.quantity) for each in request.items]
    params = {
        "items": item_changes(row.raw["items"]["data"], wished),
        "proration_behavior": request.proration_behavior,
        "description": request.description or "",
        "metadata": replaced(row.metadata_, request.metadata),
        **given(default_payment_method=request.default_payment_method),
    }
    return await _update(attempt, connection, row, params)


async def pause_subscription(
    attempt: Attempt, id: SubscriptionId, request: PauseRequest
) -> SubscriptionAnswer:
    row, connection = await found(attempt, SubscriptionRepository, id)
    resumes_at = int(request.resumes_at.timestamp()) if request.resumes_at else None
    pause = given(behavior=request.behavior, resumes_at=resumes_at)
    return await _update(attempt, connection, row, {"pause_collection": pause})


async def resume_subscription(attempt: Attempt, id: SubscriptionId) -> SubscriptionAnswer:
    """Neither paused nor to be cancelled any more.

    Asked for again, it may have less to do: what differs needs a key of its own at Stripe.
    """
    row, connection = await _current(attempt, id)
    params: dict[str, Any] = {"pause_collection": ""}
    if not row.cancel_at_period_end:
        return await _update(attempt, connection, row, params)
    params["cancel_at_period_end"] = False
    return await _update(attempt, connection, row, params, step="-renewed")


async def cancel_subscription(
    attempt: Attempt, id: SubscriptionId, request: CancelSubscriptionRequest
) -> SubscriptionAnswer:
    row, connection = await found(attempt, SubscriptionRepository, id)
    if request.at_period_end:
        return await _update(attempt, connection, row, {"cancel_at_period_end": True})
    params = {"prorate": request.prorate, "invoice_now": request.invoice_now}
    account = attempt.stripes.of(connection)
    try:
        await account.remove(SUBSCRIPTION, row.stripe_id, params)
    except StripeRefused as refused:
        if not refused.missing:
            raise  # else it has ended already, perhaps by this very request
    return subscription_answer(await attempt.refetch(connection, SUBSCRIPTION, row.stripe_id))


async def _current(
    attempt: Attempt, id: SubscriptionId
) -> tuple[StripeSubscription, StripeConnection]:
    """Return it as it is at Stripe now."""
    row, connection = await found(attempt, SubscriptionRepository, id)
    return await attempt.refetch(connection, SUBSCRIPTION, row.stripe_id), connection


async def _update(
    attempt: Attempt,
    connection: StripeConnection,
    row: StripeSubscription,
    params: Params,
    *,
    step: str = "",
) -> SubscriptionAnswer:
    account = attempt.stripes.of(connection)
    await account.update(SUBSCRIPTION, row.stripe_id, params, key=f"{attempt.key}{step}")
    return subscription_answer(await attempt.refetch(connection, SUBSCRIPTION, row.stripe_id))
