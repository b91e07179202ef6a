"""What came of many posts is written down at once: attempts, deliveries, and how endpoints do."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Counter

from payymo_api.core.db import Database
from payymo_api.webhooks.repository import lanes, sent
from payymo_api.webhooks.rules.retries import Outcome
from payymo_api.webhooks.service.disabling import disable
from payymo_api.webhooks.service.lane import Lane
from payymo_api.webhooks.service.sending import Result

_ATTEMPTS = Counter("payymo_webhook_attempts", "Webhooks sent", ["outcome"])


async def settle(database: Database, results: Sequence[Result]) -> None:
    """Write them down in one transaction. Written twice, an attempt stands twice."""
    since = _failing_since(results)
    changed = {lane.key: at for lane, at in since.items() if at != lane.failing_since}
    async with database.system_write_scope() as scope:
        await sent.settle(scope, _columns(results))
        if changed:
            await scope.write(lanes.note_failing(changed))
    for lane, at in since.items():
        lane.failing_since = at
    for result in results:
        _ATTEMPTS.labels(result.attempt.outcome.value).inc()
        result.lane.settled(result.parcel, is_over=result.is_over)


async def obey(database: Database, results: Sequence[Result]) -> None:
    """Disable the endpoints that ask for it. One that is missed is asked again, and says so."""
    reasons = {each.lane.key: reason for each in results if (reason := each.attempt.disables)}
    for (tenant_id, endpoint_id), reason in reasons.items():
        async with database.scope(tenant_id) as scope:
            await disable(scope, endpoint_id, reason)


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


def _columns(results: Sequence[Result]) -> list[list[object]]:
    attempts = [result.attempt for result in results]
    return [
        [result.lane.key[0] for result in results],
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
    ]
