"""How a tenant's endpoints are doing, in Prometheus' text format (version 0.0.4)."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import public_id
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.repository import stats
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.stats import Totals, Waiting
from payymo_api.webhooks.rules import histogram

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
ENDPOINTS: Final = 1000
"""So many are told of, the newest."""
_COUNTED = 1000
_OCTAVES = range(0, histogram.LAST, histogram.PER_OCTAVE)
_PREFIX = "payymo_webhook_endpoint"
_LABELS = ["endpoint_id"]
_GAUGES = {
    "active": "1 while events are sent, 0 while it is paused or disabled",
    "failing_percent": "How much of the five days is over that it may fail",
    "waiting": f"Deliveries that are pending, counted up to {_COUNTED}",
    "queue_age_seconds": "Age of the oldest delivery that is pending",
}


class _Told(NamedTuple):
    """An endpoint, what was sent to it today, and what waits for it."""

    endpoint: WebhookEndpoint
    today: Totals
    waiting: Waiting


class _Collected(NamedTuple):
    """What prometheus_client asks for metrics."""

    metrics: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.metrics


async def of_tenant(scope: Scope) -> bytes:
    """Counters count from midnight UTC: to Prometheus that is a reset, as of a restart."""
    at = now()
    endpoints = (await EndpointRepository(scope).page(None, ENDPOINTS)).rows
    waiting = await stats.waiting(scope, [each.id for each in endpoints], _COUNTED)
    today = await stats.totals(scope, stats.hour_of(at).replace(hour=0))
    told = [_Told(each, today.get(each.id, Totals()), waiting[each.id]) for each in endpoints]
    return await asyncio.to_thread(_written, told, at)


def _written(told: Sequence[_Told], at: datetime) -> bytes:
    return generate_latest(_Collected([*_counters(told), *_gauges(told, at)]))


def _counters(told: Sequence[_Told]) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        f"{_PREFIX}_attempts",
        "Attempts to send an event, since midnight UTC",
        labels=[*_LABELS, "outcome"],
    )
    answers = HistogramMetricFamily(
        f"{_PREFIX}_answer_seconds",
        "Time to answer, whatever the answer was, since midnight UTC",
        labels=_LABELS,
    )
    for endpoint, today, _ in told:
        name = public_id("we", endpoint.id)
        attempts.add_metric([name, "delivered"], today.delivered)
        attempts.add_metric([name, "failed"], today.failed)
        answers.add_metric([name], _buckets(today.buckets), today.milliseconds / 1000)
    yield attempts
    yield answers


def _buckets(counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return how many answers came within each power of two of milliseconds."""
    bounds = [
        (str(2 ** (place // histogram.PER_OCTAVE) / 1000), sum(counts[: place + 1]))
        for place in _OCTAVES
    ]
    return [*bounds, ("+Inf", sum(counts))]


def _gauges(told: Sequence[_Told], at: datetime) -> Iterable[Metric]:
    families = {
        name: GaugeMetricFamily(f"{_PREFIX}_{name}", meaning, labels=_LABELS)
        for name, meaning in _GAUGES.items()
    }
    for endpoint, _, waiting in told:
        values = {
            "active": endpoint.active,
            "failing_percent": endpoint.failing_percent or 0,
            "waiting": waiting.deliveries,
            "queue_age_seconds": waiting.age_seconds(at) or 0,
        }
        for name, value in values.items():
            families[name].add_metric([public_id("we", endpoint.id)], value)
    return families.values()
