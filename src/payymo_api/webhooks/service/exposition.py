"""How a tenant's endpoints are doing, in Prometheus' text format (version 0.0.4)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import EndpointId, public_id
from payymo_api.webhooks.models import WebhookHour
from payymo_api.webhooks.repository.endpoints import EndpointRepository
from payymo_api.webhooks.repository.stats import HourRepository
from payymo_api.webhooks.rules import histogram

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
MOST = 1000
"""Endpoints that are told of, the newest."""
_OCTAVES = range(0, histogram.LAST, histogram.PER_OCTAVE)


async def of_tenant(scope: Scope) -> bytes:
    """Counters count from midnight UTC: to Prometheus that is a reset, as of a restart."""
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    endpoints = (await EndpointRepository(scope).page(None, MOST)).rows
    rows = await HourRepository(scope).since(midnight)
    hours = {id: list(group) for id, group in groupby(rows, key=lambda row: row.endpoint_id)}
    return generate_latest(_Told({each.id: hours.get(each.id, []) for each in endpoints}))


class _Told(NamedTuple):
    """What prometheus_client calls a collector: of each endpoint its hours of today."""

    hours: Mapping[EndpointId, Sequence[WebhookHour]]

    def collect(self) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            "payymo_webhook_endpoint_attempts",
            "Attempts to send an event, since midnight UTC",
            labels=["endpoint_id", "outcome"],
        )
        answers = HistogramMetricFamily(
            "payymo_webhook_endpoint_answer_seconds",
            "Time to answer, whatever the answer was, since midnight UTC",
            labels=["endpoint_id"],
        )
        for id, rows in self.hours.items():
            name = public_id("we", id)
            attempts.add_metric([name, "delivered"], sum(row.delivered for row in rows))
            attempts.add_metric([name, "failed"], sum(row.failed for row in rows))
            counts = histogram.added(row.buckets for row in rows)
            seconds = sum(row.milliseconds for row in rows) / 1000
            answers.add_metric([name], _buckets(counts), seconds)
        yield from (attempts, answers)


def _buckets(counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return how many answers came within each power of two of milliseconds."""
    bounds = [
        (str(2 ** (place // histogram.PER_OCTAVE) / 1000), sum(counts[: place + 1]))
        for place in _OCTAVES
    ]
    return [*bounds, ("+Inf", sum(counts))]
