"""What came of many posts is written down at once: attempts, deliveries, and how endpoints do."""

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Counter, Histogram

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.webhooks.repository import lanes, sent, stats
from payymo_api.webhooks.repository.stats import Sent
from payymo_api.webhooks.rules import health
from payymo_api.webhooks.rules.retries import Outcome
from payymo_api.webhooks.service.health import disable, judge
from payymo_api.webhooks.service.lane import Lane
from payymo_api.webhooks.service.sending import Result

_ATTEMPTS = Counter("payymo_webhook_attempts", "Webhooks sent", ["outcome"])
_RECEIPT = Histogram(
    "payymo_webhook_receipt_seconds",
    "From an event to its receipt, of what was delivered at the first attempt",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)


async def settle(database: Database, results: Sequence[Result]) -> None:
    """Write them down in one transaction. Written twice, an attempt stands twice."""
    since = _failing_since(results)
    changed = {lane.key: at for lane, at in since.items() if at != lane.failing_since}
    async with database.system_batch_scope() as scope:
        await sent.settle(scope, _columns(results))
        await scope.write(stats.added(map(_counted, results)))
        if changed:
            await scope.write(lanes.note_failing(changed))
    for lane, at in since.items():
        lane.failing_since = at
    for outcome, count in Tally(each.attempt.outcome for each in results).items():
        _ATTEMPTS.labels(outcome.value).inc(count)
    for result in results:
        _measure(result)
        result.lane.settled(result.parcel, is_over=result.is_over)


async def obey(database: Database, results: Sequence[Result]) -> None:
    """Disable the endpoints that ask for it, and judge those that fail.

    One that is missed is asked again, and says so again.
    """
    reasons = {each.lane.key: reason for each in results if (reason := each.attempt.disables)}
    for (tenant_id, endpoint_id), reason in reasons.items():
        async with database.scope(tenant_id) as scope:
            await disable(scope, endpoint_id, reason)
    since = {each.lane.key: each.lane.failing_since for each in results}
    if long := [key for key, at in since.items() if at and health.due(at, now(), 0)]:
        await judge(database, long)


def _failing_since(results: Sequence[Result]) -> dict[Lane, datetime | None]:
    """Return since when each endpoint fails: its first failure after its last success."""
    since = {result.lane: result.lane.failing_since for result in results}
    for result in results:
        lane, attempt = result.lane, result.attempt
        if attempt.outcome is Outcome.DELIVERED:
            since[lane] = None
        else:
            since[lane] = since[lane] or attempt.started_at
    return since


def _measure(result: Result) -> None:
    parcel, attempt = result.parcel, result.attempt
    if attempt.outcome is Outcome.DELIVERED and parcel.attempt == 1 and parcel.occurred_at:
        _RECEIPT.observe((attempt.ended_at - parcel.occurred_at).total_seconds())


def _counted(result: Result) -> Sent:
    attempt = result.attempt
    return Sent(
        *result.lane.key,
        attempt.ended_at,
        delivered=attempt.outcome is Outcome.DELIVERED,
        milliseconds=None if attempt.status_code is None else attempt.milliseconds,
    )


def _columns(results: Sequence[Result]) -> list[list[object]]:
    attempts = [result.attempt for result in results]
    return [
        [result.lane.key[0] for result in results],
        [result.lane.key[1] for result in results],
        [result.parcel.event_id for result in results],
        [result.parcel.id for result in results],
        [result.status for result in results],
        [result.next_attempt_at for result in results],
        [each.ended_at if each.outcome is Outcome.DELIVERED else None for each in attempts],
        [each.status_code for each in attempts],
        [each.error for each in attempts],
        [each.detail for each in attempts],
        [each.answer for each in attempts],
        [each.milliseconds for each in attempts],
        [each.started_at for each in attempts],
        [result.parcel.attempts_before for result in results],
    ]
