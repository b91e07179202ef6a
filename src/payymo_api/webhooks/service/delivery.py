"""How an event reaches its endpoints: fanned out, taken, sent, noted. Each step may run twice."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Scope
from payymo_api.core.types import DeliveryId, EndpointId, EventId, public_id
from payymo_api.edge import exact
from payymo_api.messaging import outbox
from payymo_api.messaging.leases import Lease
from payymo_api.webhooks.events import WebhookEndpointDisabled
from payymo_api.webhooks.gateway import DeliveryFailed, Sender
from payymo_api.webhooks.models import WebhookAttempt, WebhookDelivery
from payymo_api.webhooks.repository.deliveries import DeliveryRepository
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.rules import retries
from payymo_api.webhooks.rules.retries import Outcome
from payymo_api.webhooks.schemas.endpoint_answers import EndpointAnswer
from payymo_api.webhooks.service.opening import Destination, open_endpoint
from payymo_api.webhooks.service.wanting import is_wanted

SHOWN = 1000
"""Characters of an endpoint's answer that are kept with the attempt."""
_log = log.get(__name__)
_ATTEMPTS = Counter("payymo_webhook_attempts", "Webhooks sent", ["outcome"])


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent, and where to."""

    delivery_id: DeliveryId
    endpoint_id: EndpointId
    event_id: EventId
    destination: Destination
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending: an answer's status, or an error's kind and a sentence on it."""

    started_at: datetime
    milliseconds: int
    status_code: int | None = None
    error: str | None = None
    detail: str | None = None
    answer: str | None = None
    retry_after: str | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome.FAILED if self.status_code is None else retries.outcome(self.status_code)


async def fan_out(scope: Scope, event_id: EventId) -> None:
    """Make a delivery for each endpoint that wants the event; the event is done with that."""
    event = await EventRepository(scope).due(event_id)
    if event is None:
        return
    endpoints = await EndpointRepository(scope).enabled()
    wanting = [endpoint.id for endpoint in endpoints if is_wanted(endpoint, event)]
    await DeliveryRepository(scope).owe(event, wanting)
    event.done_at, event.leased_until, event.error = now(), None, None
    await outbox.wake(scope)


async def take(scope: Scope, keyring: Keyring, id: DeliveryId, lease: Lease) -> Parcel | None:
    """Return what is to be sent now; None if that is done, not due, or has to wait."""
    deliveries, endpoints = DeliveryRepository(scope), EndpointRepository(scope)
    found = await deliveries.find(id)
    if found is None:
        return None
    endpoint = await endpoints.find(found.endpoint_id)
    if endpoint is None or not endpoint.active:
        await _hold(scope, found)
        return None
    due = await deliveries.leased(id, lease)
    if due is None:
        return None
    return Parcel(
        delivery_id=id,
        endpoint_id=endpoint.id,
        event_id=due.event_id,
        destination=open_endpoint(keyring, endpoint),
        body=await EventRepository(scope).body(due.event_id),
    )


async def _hold(scope: Scope, found: WebhookDelivery) -> None:
    """Let it wait for its endpoint. The endpoint's lock comes first, as everywhere."""
    endpoint = await EndpointRepository(scope).shared(found.endpoint_id)
    delivery = await DeliveryRepository(scope).locked(found.id)
    if delivery is None or delivery.status != "pending" or (endpoint and endpoint.active):
        return
    delivery.next_attempt_at = delivery.leased_until = None
    if endpoint is None:
        delivery.status = "failed"


async def send(sender: Sender, parcel: Parcel) -> Attempt:
    """Sign and send, once. No transaction may be open: the endpoint takes its time."""
    started = now()
    destination, event_id = parcel.destination, public_id("evt", parcel.event_id)
    headers = destination.signed(event_id, parcel.body, started)
    try:
        answer = await sender.post(destination.url, headers, parcel.body)
    except DeliveryFailed as failure:
        return Attempt(started, failure.elapsed_ms, error=failure.kind.value, detail=failure.detail)
    return Attempt(
        started,
        answer.elapsed_ms,
        status_code=answer.status,
        answer=destination.redacted(_readable(answer.body_excerpt)),
        retry_after=answer.headers.get("retry-after"),
    )


async def note(scope: Scope, parcel: Parcel, attempt: Attempt) -> None:
    """Write down the attempt and what follows from it."""
    _ATTEMPTS.labels(attempt.outcome.value).inc()
    if attempt.outcome is Outcome.GONE:
        await _disable(scope, parcel.endpoint_id)
    delivery = await DeliveryRepository(scope).locked(parcel.delivery_id)
    if delivery is None:
        return
    delivery.attempt_count += 1
    delivery.leased_until = None
    if delivery.status == "pending":
        _settle(delivery, parcel.destination, attempt)
    scope.session.add(
        WebhookAttempt(
            tenant_id=scope.tenant_id,
            delivery_id=delivery.id,
            number=delivery.attempt_count,
            status_code=attempt.status_code,
            error=attempt.error,
            detail=attempt.detail,
            answer=attempt.answer,
            milliseconds=attempt.milliseconds,
            started_at=attempt.started_at,
        )
    )


def _settle(delivery: WebhookDelivery, destination: Destination, attempt: Attempt) -> None:
    ended_at = attempt.started_at + timedelta(milliseconds=attempt.milliseconds)
    match attempt.outcome:
        case Outcome.DELIVERED:
            delivery.status, delivery.delivered_at = "delivered", ended_at
            delivery.next_attempt_at = None
        case Outcome.GONE:
            delivery.status, delivery.next_attempt_at = "failed", None
        case Outcome.FAILED:
            delivery.next_attempt_at = retries.next_attempt(
                delivery.attempt_count - delivery.attempts_before,
                ended_at,
                attempt.retry_after,
                random.random(),  # noqa: S311  jitter
                destination.retry_schedule,
            )
            if delivery.next_attempt_at is None:
                delivery.status = "failed"


async def _disable(scope: Scope, id: EndpointId) -> None:
    """Stop sending to an endpoint that says 410 Gone, and say so to the others."""
    endpoint = await EndpointRepository(scope).locked(id)
    if endpoint is None or not endpoint.enabled:
        return
    endpoint.status, endpoint.disabled_reason = "disabled", "gone"
    await scope.session.flush()
    await scope.session.refresh(endpoint)
    await DeliveryRepository(scope).hold_all(id)
    told = EndpointAnswer.model_validate(endpoint)
    await outbox.record(scope, WebhookEndpointDisabled(data=exact.dump(told).decode()))
    _log.info("webhook_endpoint_disabled", endpoint=public_id("we", id))


def _readable(excerpt: bytes) -> str:
    """Return the answer's first characters as text that is safe to store and to show."""
    text = excerpt.decode("utf-8", "replace")[:SHOWN]
    return log.without_secrets("".join(each if _is_shown(each) else "\ufffd" for each in text))


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in "\n\t"
