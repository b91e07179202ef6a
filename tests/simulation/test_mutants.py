"""The simulation can fail: each of these bugs, put into the service, breaks an invariant soon."""

from collections.abc import Callable, Iterable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncEngine

from payymo_api.banking.rules import merge as merging
from payymo_api.banking.rules.line import Kept, Line
from payymo_api.banking.rules.merge import Merge, Window
from payymo_api.core.db import Scope
from payymo_api.core.settings import Settings
from payymo_api.messaging import relay
from payymo_api.messaging.models import Leased
from payymo_api.webhooks.models import WebhookDelivery
from payymo_api.webhooks.service import delivery
from tests.simulation.test_simulation import live

SEEDS = range(10)
Patch = pytest.MonkeyPatch


def what_was_queued_is_never_queued_again(patch: Patch) -> None:
    """The queue would be the truth: a job that it loses is lost."""

    def never_issued(row: type[Leased], life: int) -> ColumnElement[bool]:
        return row.issues == 0

    patch.setattr(relay, "may_issue", never_issued)


def a_delivery_is_marked_before_it_is_sent(patch: Patch) -> None:
    take = delivery.take

    async def take_and_mark(scope: Scope, *arguments: Any) -> delivery.Parcel | None:  # noqa: ANN401  passed on
        parcel = await take(scope, *arguments)
        if parcel:
            await scope.session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.id == parcel.delivery_id)
                .values(status="delivered")
            )
        return parcel

    patch.setattr(delivery, "take", take_and_mark)


def twins_are_one_line(patch: Patch) -> None:
    """The merge without occurrences."""
    merge = merging.merge

    def merge_once(
        existing: Iterable[Kept], incoming: Iterable[Line], window: Window | None
    ) -> Merge:
        return merge(existing, {line.fingerprint: line for line in incoming}.values(), window)

    patch.setattr(merging, "merge", merge_once)


Mutate = Callable[[Patch], None]
MUTANTS: list[Mutate] = [
    what_was_queued_is_never_queued_again,
    a_delivery_is_marked_before_it_is_sent,
    twins_are_one_line,
]


@pytest.mark.parametrize("mutate", MUTANTS)
async def test_a_bug_is_found(
    monkeypatch: Patch,
    engine: AsyncEngine,
    eye: asyncpg.Connection,
    settings: Settings,
    mutate: Mutate,
) -> None:
    mutate(monkeypatch)
    for seed in SEEDS:
        try:
            await live(seed, engine, eye, settings)
        except AssertionError as found:
            print(f"seed {seed}: {found}"[:300])  # noqa: T201  what gave it away
            return
    pytest.fail(f"{mutate.__name__} was not noticed in {len(SEEDS)} lives")
