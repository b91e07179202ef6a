"""kill -9 at random moments of many main jobs: nothing lost, nothing doubled, all by itself."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from payymo_api.core.db import Database
from payymo_api.local.home import discard
from payymo_api.local.receiver import Receiver
from payymo_api.local.stack import Stack, running_stack
from payymo_api.local.story import MainJob, Story

JOBS = int(os.environ.get("PAYYMO_FAULT_JOBS", "20"))
SEED = int(os.environ.get("PAYYMO_FAULT_SEED", str(random.SystemRandom().randrange(10**6))))
VICTIMS = ("api", "worker-sync", "worker-webhook", "redis", "postgres")
_PAUSES = (3.0, 12.0)  # a few kills per job, and time to come back between them

pytestmark = pytest.mark.fault


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "payymo"
    discard(tmp_path / "payymo")


@contextmanager
def killing(stack: Stack, chance: random.Random) -> Iterator[Counter[str]]:
    """Kill a random child of the stack every few seconds while the context lasts."""
    done, killed = threading.Event(), Counter[str]()

    def kill() -> None:
        while not done.wait(chance.uniform(*_PAUSES)):
            name = chance.choice(VICTIMS)
            with suppress(ProcessLookupError):  # it is about to be started again
                os.kill(stack.pid(name), signal.SIGKILL)
                killed[name] += 1

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        done.set()
        killer.join()


async def test_main_jobs_survive_any_kill(folder: Path) -> None:
    print(f"PAYYMO_FAULT_SEED={SEED}")  # noqa: T201  a failing seed replays
    chance = random.Random(SEED)  # noqa: S311  repeatable on purpose
    stories: list[Story] = []
    with running_stack(folder) as stack:
        with killing(stack, chance) as killed:
            for _ in range(JOBS):
                with Receiver() as receiver:
                    stories.append(MainJob(stack, receiver, lambda _: None).play())
        await _ledger_is_exact(stack)
    print(dict(killed))  # noqa: T201
    assert {story.matched for story in stories} == {stories[0].matched}
    assert {story.transactions_synced for story in stories} == {stories[0].transactions_synced}
    assert all(story.signatures_refused == 0 for story in stories)
    assert sum(killed.values()) >= JOBS


INVARIANTS = {
    "a line is settled by exactly its allocations": """
        SELECT t.id FROM transactions t
        LEFT JOIN (
            SELECT a.tenant_id, a.transaction_id, sum(a.amount_minor) AS allocated
            FROM allocations a JOIN matches m
              ON m.tenant_id = a.tenant_id AND m.id = a.match_id AND m.status = 'active'
            GROUP BY 1, 2
        ) s ON s.tenant_id = t.tenant_id AND s.transaction_id = t.id
        WHERE t.settled_minor <> coalesce(s.allocated, 0)""",
    "an invoice is settled by exactly its allocations": """
        SELECT i.id FROM invoices i
        LEFT JOIN (
            SELECT a.tenant_id, a.invoice_id, sum(
                CASE a.document_type WHEN 'credit_note' THEN -1 ELSE 1 END
                * a.document_amount_minor + a.write_off_minor) AS settled
            FROM allocations a JOIN matches m
              ON m.tenant_id = a.tenant_id AND m.id = a.match_id AND m.status = 'active'
            WHERE a.invoice_id IS NOT NULL
            GROUP BY 1, 2
        ) s ON s.tenant_id = i.tenant_id AND s.invoice_id = i.id
        WHERE i.settled_minor <> coalesce(s.settled, 0)""",
    "no line stands twice": """
        SELECT internal_id FROM transactions WHERE internal_id IS NOT NULL AND removed_at IS NULL
        GROUP BY tenant_id, account_id, internal_id HAVING count(*) > 1""",
    "sequences have no gap": """
        SELECT tenant_id FROM outbox_events WHERE sequence IS NOT NULL
        GROUP BY tenant_id HAVING max(sequence) <> count(*) OR min(sequence) <> 1""",
    "every public event has its place": """
        SELECT id FROM outbox_events WHERE data IS NOT NULL AND sequence IS NULL""",
    "a line is announced once": """
        SELECT payload FROM outbox_events WHERE name = 'transaction.created'
        GROUP BY tenant_id, payload, data::jsonb ->> 'transaction_id' HAVING count(*) > 1""",
}


async def _ledger_is_exact(stack: Stack) -> None:
    """Tenant by tenant: row-level security shows nobody all of it."""
    database = Database(
        create_async_engine(
            f"postgresql+asyncpg://{stack.servers.database_url.split('://', 1)[1]}"
        ),
        width=2,
        wait_seconds=5,
    )
    async with database.system() as session:
        tenants = (await session.scalars(text("SELECT tenant_id FROM tenants"))).all()
    assert len(tenants) >= JOBS
    for tenant in tenants:
        async with database.scope(tenant) as scope:
            for name, query in INVARIANTS.items():
                rows = (await scope.session.execute(text(query))).all()
                assert not rows, f"{name}: {rows[:5]}"
    await database.close()
