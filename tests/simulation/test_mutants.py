"""The simulation can fail: each of these bugs, put into the service, breaks an invariant soon."""

from collections.abc import Callable, Iterable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from payymo_api.banking.rules import merge as merging
from payymo_api.banking.rules.line import Kept, Line
from payymo_api.banking.rules.merge import Merge, Window
from payymo_api.core.db import APP_ROLE, Scope
from payymo_api.core.settings import Settings
from payymo_api.core.writes import WriteScope
from payymo_api.messaging import outbox, relay
from payymo_api.messaging.events import Event
from payymo_api.messaging.models import Leased
from payymo_api.webhooks.repository import arriving
from tests.simulation.test_simulation import live

TRIES = 25
Patch = pytest.MonkeyPatch


def what_was_queued_is_never_queued_again(patch: Patch, _: AsyncEngine) -> None:
    """The queue would be the truth: a job that it loses is lost."""

    def never_issued(row: type[Leased], life: int) -> ColumnElement[bool]:
        return row.issues == 0

    patch.setattr(relay, "may_issue", never_issued)


def events_have_a_transaction_of_their_own(patch: Patch, engine: AsyncEngine) -> None:
    """They are told even if what they tell is undone."""
    record = outbox.record
    settings = text(
        "SELECT set_config(name, value, true) FROM unnest("
        "ARRAY['role', 'payymo.tenant_id', 'sim.now'], CAST(:told AS text[])) s (name, value)"
    )

    async def record_apart(scope: Scope, *events: Event, **more: Any) -> None:  # noqa: ANN401  passed on
        now = await scope.session.scalar(text("SELECT current_setting('sim.now')"))
        async with AsyncSession(engine) as session:
            told = [APP_ROLE, str(scope.tenant_id), now]
            await session.execute(settings, {"told": told})
            await record(Scope(session, scope.tenant_id), *events, **more)
            await session.commit()

    patch.setattr(outbox, "record", record_apart)


def an_event_is_done_before_it_is_owed(patch: Patch, _: AsyncEngine) -> None:
    """Its place and its deliveries in transactions of their own."""
    owe = arriving.owe

    async def owe_nothing(scope: WriteScope, events: Any, *_: Any) -> None:  # noqa: ANN401  passed on
        await owe(scope, events, [], ())

    patch.setattr(arriving, "owe", owe_nothing)


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
    events_have_a_transaction_of_their_own: 95,
    an_event_is_done_before_it_is_owed: 3,
    twins_are_one_line: 0,
    an_event_is_owed_to_one_endpoint_only: 0,
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
