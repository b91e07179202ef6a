"""`make bench ARGS="list --rounds 3"`: run these benchmarks, by default all."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from benchmarks import engine, intake, listing, match, overload, stats, sync
from benchmarks.harness import Benchmark, bench_on_servers
from benchmarks.results import machine, report
from benchmarks.webhooks import backlog, deliveries, latency

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
BENCHMARKS: dict[str, Benchmark] = {
    "list": listing.measure,
    "sizes": listing.measure_sizes,
    "stats": stats.measure,
    "overload": overload.measure,
    "sync": sync.measure,
    "match": match.measure,
    "engine": engine.measure,
    "intake": intake.measure,
    "deliveries": deliveries.measure,
    "latency": latency.measure,
    "fairness": latency.measure_fairness,
    "backlog": backlog.measure,
}


@app.command()
def main(
    names: Annotated[list[str] | None, typer.Argument(help=" ".join(BENCHMARKS))] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the largest tenant.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; their medians count.")] = 5,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Add to benchmarks/RESULTS.md.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure; each benchmark has servers of its own."""
    chosen = names or list(BENCHMARKS)
    if unknown := set(chosen) - BENCHMARKS.keys():
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    typer.echo(machine(), err=True)
    for name in chosen:
        with (
            tempfile.TemporaryDirectory(prefix="payymo-bench-") as folder,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            bench_on_servers(Path(folder) / name, rows=rows, rounds=rounds) as bench,
        ):
            found = runner.run(BENCHMARKS[name](bench))
            runner.run(bench.database.close())
        report(name, found, keep=keep, as_json=as_json)


app()
