"""Ten times as many clients as can be worked on: what is still answered well, and how soon.

The clients do what Retry-After tells them.
"""

from collections.abc import Sequence
from statistics import median

from benchmarks.harness import Bench
from benchmarks.listing import PATH
from benchmarks.load import Answers, Load, put_load
from benchmarks.results import Result
from benchmarks.seeding import seed_lines

SECONDS = 4.0
PEAK_CLIENTS = 16


async def measure(bench: Bench) -> Sequence[Result]:
    tenant_id, key = await bench.tenant("busy")
    await seed_lines(bench, {tenant_id: 10_000})
    url = bench.serve()
    crowd = 10 * bench.settings.requests_at_once
    normal: list[Answers] = []
    crowded: list[Answers] = []
    for _ in range(bench.rounds):
        normal.append(await put_load(Load(url, [PATH], [key], PEAK_CLIENTS, SECONDS)))
        crowded.append(await put_load(Load(url, [PATH], [key], crowd, SECONDS)))
    value = median(much.rate / peak.rate for peak, much in zip(normal, crowded, strict=True))
    refused = median(each.statuses.get("503", 0) / SECONDS for each in crowded)
    slow = median(each.p99 for each in crowded)
    figures = (
        f"{median(e.rate for e in crowded):.0f} of {median(e.rate for e in normal):.0f} good"
        f" answers/s; {refused:.0f} 503/s"
    )
    waits = f"median {median(each.p50 for each in crowded):.0f} ms"
    what = f"goodput with {crowd} clients"
    return [
        Result(what, f"{PEAK_CLIENTS} clients", value, "≥ 0.8", figures),
        Result("their good answers' p99, connecting included", "ms", slow, "≤ 1000", waits),
    ]
