"""Lines a second that one worker decides over PostgreSQL: read, decided, written, committed.

A tenant of many open invoices against its twin of ten thousand, on the same lines: what is open
and in nobody's text must cost nothing.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from benchmarks.harness import Bench
from benchmarks.matching.generate import generate
from benchmarks.results import Result
from benchmarks.stored import Stored
from payymo_api.reconciliation.service import examining

SMALL = 10_000
_LARGE = 1_000_000
_LINES = 2000
_SEED = 7


@dataclass(frozen=True, slots=True)
class _Pace:
    lines: int
    matched: int
    seconds: float
    cpu_seconds: float
    """Of the worker's own process: other programs of the machine cost none."""

    @property
    def a_second(self) -> float:
        return self.lines / self.seconds


async def measure(bench: Bench) -> Sequence[Result]:
    count = min(bench.rows, _LARGE)
    small, large = await _examine(bench, SMALL), await _examine(bench, count)
    what = f"tenant of {count:,} open invoices"
    against = f"its twin of {SMALL:,}"
    return [
        Result(f"lines a second, tenant of {SMALL:,}", "", small.a_second, "≥ 500", _said(small)),
        Result(f"lines a second, {what}", "", large.a_second, "≥ 500", _said(large)),
        Result(
            f"{what}, time a line",
            against,
            small.a_second / large.a_second,
            "≤ 1.5",
            f"{1000 / large.a_second:.2f} ms against {1000 / small.a_second:.2f} ms",
        ),
    ]


def _said(pace: _Pace) -> str:
    cpu = 1000 * pace.cpu_seconds / pace.lines
    took = f"{pace.lines} lines in {pace.seconds:.1f} s, {cpu:.2f} ms of CPU a line"
    return f"{took}; {pace.matched} matched"


async def _examine(bench: Bench, open_invoices: int) -> _Pace:
    """Decide about a year's lines that all came at once."""
    with tempfile.TemporaryDirectory(prefix="payymo-matching-") as name:
        folder = Path(name)
        generate(folder, seed=_SEED, tenants=1, lines=_LINES, open_invoices=open_invoices)
        tenant_id, _ = await bench.tenant(f"of {open_invoices}")
        stored = Stored(folder, "ten_0000")
        await stored.put(bench.database, tenant_id)
        lines = len(stored.lines())
    owner = await asyncpg.connect(bench.settings.database_url)
    await owner.execute("VACUUM ANALYZE")
    await owner.close()
    began, cpu_began = time.perf_counter(), time.process_time()
    await examining.examine(bench.database, tenant_id)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    connection = await bench.connect(tenant_id)
    matched = await connection.fetchval("SELECT count(*) FROM matches")
    await connection.close()
    return _Pace(lines, matched, seconds, cpu_seconds)
