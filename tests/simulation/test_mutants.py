"""The simulation can fail: each of these bugs, put into the service, breaks an invariant soon."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from payymo_api.banking.rules import merge as merging
from payymo_api.banking.rules.line import Kept, Line
from payymo_api.banking.rules.merge import Merge, Window
from payymo_api.core.clock import now
from payymo_api.core.db import APP_ROLE, SYSTEM_ROLE, Scope
from payymo_api.core.settings import Settings
from payymo_api.core.writes import WriteScope
from payymo_api.messaging import outbox, relay
from payymo_api.messaging.events import Event
from payymo_api.messaging.models import Leased
from payymo_api.webhooks.repository import arriving, lanes
from payymo_api.webhooks.service.dispatch import Dispatcher
from payymo_api.webhooks.service.lane import Lane, Parcel
from payymo_api.webhooks.service.sending import Attempt, Result
from payymo_api.webhooks.service.settling import settle
from tests.simulation.test_simulation import live

TRIES = 25
Patch = pytest.MonkeyPatch
_SETTINGS = text(
    "SELECT set_config(name, value, true) FROM unnest("
    "ARRAY['role', 'payymo.tenant_id', 'sim.now'], CAST(:told AS text[])) s (name, value)"
)
_RELEASE_BLINDLY = """
UPDATE webhook_lanes l SET leased_by = NULL, leased_until = NULL, due_at = (
    SELECT min(next_attempt_at) FROM webhook_deliveries d
    WHERE d.tenant_id = l.tenant_id AND d.endpoint_id = l.endpoint_id
    AND d.status = 'pending' AND d.attempt_count > 0)
FROM unnest($1::uuid[], $2::uuid[]) AS mine (tenant_id, endpoint_id)
WHERE l.tenant_id = mine.tenant_id AND l.endpoint_id = mine.endpoint_id AND l.leased_by = $3
"""


def what_was_queued_is_never_queued_again(patch: Patch, _: AsyncEngine) -> None:
    """The queue would be the truth: a job that it loses is lost."""

    def never_issued(row: type[Leased], life: int) -> ColumnElement[bool]:
        return row.issues == 0

    patch.setattr(relay, "may_issue", never_issued)


def events_have_a_transaction_of_their_own(patch: Patch, engine: AsyncEngine) -> None:
    """They are told even if what they tell is undone."""
    record = outbox.record

    async def record_apart(scope: Scope, *events: Event, **more: Any) -> None:  # noqa: ANN401  passed on
        now = await scope.session.scalar(text("SELECT current_setting('sim.now')"))
        async with AsyncSession(engine) as session:
            told = [APP_ROLE, str(scope.tenant_id), now]
            await session.execute(_SETTINGS, {"told": told})
            await record(Scope(session, scope.tenant_id), *events, **more)
            await session.commit()

    patch.setattr(outbox, "record", record_apart)


def an_event_is_done_apart_from_what_is_owed(patch: Patch, engine: AsyncEngine) -> None:
    """It is not looked at again, and its deliveries may never be committed."""
    owe = arriving.owe

    async def owe_apart(scope: WriteScope, events: Any, *owed: Any) -> None:  # noqa: ANN401  passed on
        (now,) = await scope.fetch("SELECT current_setting('sim.now') AS now")
        async with engine.begin() as connection:
            told = [SYSTEM_ROLE, str(scope.tenant_id), now["now"]]
            await connection.execute(_SETTINGS, {"told": told})
            driver = (await connection.get_raw_connection()).driver_connection
            apart = WriteScope(driver, scope.tenant_id)
            await owe(apart, events, [], ())
            await apart.send()
        await owe(scope, events, *owed)

    patch.setattr(arriving, "owe", owe_apart)


def a_delivery_is_settled_before_it_is_sent(patch: Patch, _: AsyncEngine) -> None:
    """Who is killed in between has lost it."""
    post = Dispatcher._post  # noqa: SLF001  where it would be

    async def settle_and_post(self: Dispatcher, lane: Lane, parcel: Parcel) -> None:
        taken = Attempt(now(), 0, status_code=200)
        await settle(self._database, [Result(lane, parcel, taken, "delivered", None)])
        await post(self, lane, parcel)

    patch.setattr(Dispatcher, "_post", settle_and_post)


def a_lane_is_released_without_a_look_at_what_came(patch: Patch, _: AsyncEngine) -> None:
    """It is due when what its worker knows of is to be tried again."""

    async def release(scope: WriteScope, keys: Collection[lanes.Key], by: int) -> None:
        await scope.fetch(_RELEASE_BLINDLY, *lanes.columns(keys), by)

    patch.setattr(lanes, "release", release)


def what_follows_a_failure_goes_first(patch: Patch, _: AsyncEngine) -> None:
    answered = Lane.answered

    def answered_well(self: Lane, parcel: Parcel, *, now: float, **_: bool) -> None:
        answered(self, parcel, is_over=True, now=now)

    patch.setattr(Lane, "answered", answered_well)


def a_change_is_answered_while_a_worker_goes_on(patch: Patch, _: AsyncEngine) -> None:
    async def is_held(*_: object) -> bool:
        return False

    patch.setattr(lanes, "is_held", is_held)


def twins_are_one_line(patch: Patch, _: AsyncEngine) -> None:
    """The merge without occurrences."""
    merge = merging.merge

    def merge_once(
        existing: Iterable[Kept], incoming: Iterable[Line], window: Window | None
    ) -> Merge:
        return merge(existing, {line.fingerprint: line for line in incoming}.values(), window)

    patch.setattr(merging, "merge", merge_once)


def an_event_is_owed_to_one_endpoint_only(patch: Patch, _: AsyncEngine) -> None:
    endpoints = arriving.endpoints

    async def one(scope: WriteScope, ids: Any) -> Any:  # noqa: ANN401  passed on
        return (await endpoints(scope, ids))[:1]

    patch.setattr(arriving, "endpoints", one)


Mutate = Callable[[Patch, AsyncEngine], None]
MUTANTS: dict[Mutate, int] = {
    what_was_queued_is_never_queued_again: 0,
    events_have_a_transaction_of_their_own: 118,
    twins_are_one_line: 0,
    an_event_is_owed_to_one_endpoint_only: 0,
    an_event_is_done_apart_from_what_is_owed: 0,
    a_delivery_is_settled_before_it_is_sent: 0,
    a_lane_is_released_without_a_look_at_what_came: 0,
    what_follows_a_failure_goes_first: 0,
    a_change_is_answered_while_a_worker_goes_on: 1,
}
"""Mutant -> the first seed to try: the one that noticed it when this was written."""


@pytest.mark.parametrize("mutate", MUTANTS)
async def test_a_bug_is_found(
    monkeypatch: Patch,
    engine: AsyncEngine,
    eye: asyncpg.Connection,
    settings: Settings,
    mutate: Mutate,
) -> None:
    mutate(monkeypatch, engine)
    for seed in range(MUTANTS[mutate], MUTANTS[mutate] + TRIES):
        try:
            await live(seed, engine, eye, settings)
        except AssertionError as found:
            print(f"seed {seed}: {found}"[:300])  # noqa: T201  what gave it away
            return
    pytest.fail(f"{mutate.__name__} was not noticed in {TRIES} lives")
