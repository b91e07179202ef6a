from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import SubscriptionRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.billing import SubscriptionRepository
from payymo_api.payments.router.attempts import DECLINED, AttemptDep
from payymo_api.payments.schemas.subscriptions import (
    CancelSubscriptionRequest,
    PauseRequest,
    SubscriptionAnswer,
    SubscriptionChange,
    SubscriptionFilters,
    SubscriptionMade,
    SubscriptionRequest,
)
from payymo_api.payments.service import subscriptions as service
from payymo_api.payments.service.billing_answers import subscription_answer

router = api_router("/stripe/subscriptions", "stripe_subscriptions")


@router.get("")
async def list_stripe_subscriptions(
    scope: ScopeDep, filters: Annotated[SubscriptionFilters, Query()]
) -> Listing[SubscriptionAnswer]:
    """List subscriptions, ended ones too, the newest at Stripe first."""
    page = await SubscriptionRepository(scope).page(filters)
    return Listing[SubscriptionAnswer].of(page, subscription_answer)


@router.post("", status_code=201, responses={402: DECLINED})
async def create_stripe_subscription(
    attempt: AttemptDep, request: SubscriptionRequest
) -> SubscriptionMade:
    """Subscribe a customer to recurring prices; its first invoice is made at once.

    By default it is `incomplete` until the payer has paid that invoice on your page: give
    `client_secret` to Stripe Elements. Each invoice becomes a document in /invoices.
    """
    return await service.create_subscription(attempt, request)


@router.get("/{subscription_id}")
async def get_stripe_subscription(
    scope: ScopeDep, subscription_id: SubscriptionRef
) -> SubscriptionAnswer:
    """Read one subscription."""
    return subscription_answer(await SubscriptionRepository(scope).get(subscription_id))


@router.put("/{subscription_id}")
async def replace_stripe_subscription(
    attempt: AttemptDep,
    subscription_id: SubscriptionRef,
    request: SubscriptionChange,
    if_match: IfMatchDep,
) -> SubscriptionAnswer:
    """Change what a subscription sells, prorated as `proration_behavior` says.

    `items` are all that it shall sell: a price that is left out ends, a new one takes its place.
    """
    return await service.change_subscription(attempt, subscription_id, request, if_match)


@router.post("/{subscription_id}/pause")
async def pause_stripe_subscription(
    attempt: AttemptDep, subscription_id: SubscriptionRef, request: PauseRequest
) -> SubscriptionAnswer:
    """Collect nothing for a while; the periods go on."""
    return await service.pause_subscription(attempt, subscription_id, request)


@router.post("/{subscription_id}/resume")
async def resume_stripe_subscription(
    attempt: AttemptDep, subscription_id: SubscriptionRef
) -> SubscriptionAnswer:
    """Let it go on: no longer paused, nor cancelled at the end of the period."""
    return await service.resume_subscription(attempt, subscription_id)


@router.post("/{subscription_id}/cancel")
async def cancel_stripe_subscription(
    attempt: AttemptDep, subscription_id: SubscriptionRef, request: CancelSubscriptionRequest
) -> SubscriptionAnswer:
    """End it now, or when the period that is paid for ends."""
    return await service.cancel_subscription(attempt, subscription_id, request)
