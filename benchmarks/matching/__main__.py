"""`python -m benchmarks.matching speed|size|fit|folds`: the engine alone: measured, and taught."""

import gc
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.matching import fitting
from benchmarks.matching.drive import Tally, drive
from benchmarks.matching.folds import held_back, results, scorer
from benchmarks.matching.generate import generate
from benchmarks.results import Result, machine, report

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
SMALL = 10_000
"""Open invoices of the tenant that the large one is held against."""
Seed = Annotated[int, typer.Option(help="Another seed makes other tenants, banks and phrases.")]
Lines = Annotated[int, typer.Option(min=100, help="Lines to decide, about.")]
Folder = Annotated[Path, typer.Option(exists=True, file_okay=False, help="A data set.")]
Folders = Annotated[
    list[Path], typer.Option(exists=True, file_okay=False, help="A data set; may be repeated.")
]
Penalty = Annotated[float, typer.Option(min=0.001, help="Holds weights near nothing.")]
Keep = Annotated[bool, typer.Option("--keep", help="Add to benchmarks/RESULTS.md.")]


@app.command()
def speed(
    seed: Seed = 7,
    tenants: Annotated[int, typer.Option(min=1)] = 30,
    lines: Lines = 10_000,
    *,
    keep: Keep = False,
) -> None:
    """Measure decisions a second and a core, and how right they are."""
    with tempfile.TemporaryDirectory(prefix="payymo-matching-") as folder:
        generate(Path(folder), seed=seed, tenants=tenants, lines=lines)
        found = drive(Path(folder))
    _report("matching", _speed(found, f"{tenants} made-up tenants, seed {seed}"), keep=keep)


@app.command()
def size(
    seed: Seed = 7,
    open_invoices: Annotated[int, typer.Option("--open", min=SMALL)] = 1_000_000,
    lines: Lines = 2000,
    *,
    keep: Keep = False,
) -> None:
    """Measure a tenant of many open invoices against its twin of 10,000, on the same lines."""
    small = _of_size(SMALL, seed, lines)
    large = _of_size(open_invoices, seed, lines)
    _report("matching", _size(small, large, open_invoices), keep=keep)


@app.command()
def fit(
    data: Folders,
    out: Annotated[Path, typer.Option(dir_okay=False, help="rules/weights.py of the engine.")],
    penalty: Penalty = fitting.PENALTY,
    tenants: Annotated[
        fitting.Tenants, typer.Option(help="train: without every third tenant.")
    ] = "all",
) -> None:
    """Fit the engine's weights; the same data give the same file."""
    parts = [part for each in data for part in fitting.training(each, tenants)]
    text = ""
    for each in fitting.rounds(parts, penalty):
        typer.echo(each, err=True)
        text = fitting.module(each.weights, penalty, tenants)
    out.write_text(text, encoding="utf-8")


@app.command()
def folds(
    data: Folder,
    count: Annotated[int, typer.Option("--folds", min=2, help="Parts, by tenant.")] = 3,
    extra: Folders | None = None,
    score: Annotated[
        Path | None, typer.Option(exists=True, help="score.py; by default beside the data set.")
    ] = None,
    penalty: Penalty = fitting.PENALTY,
    *,
    keep: Keep = False,
) -> None:
    """Measure what the engine says of tenants that its weights were not fitted to."""
    figures = scorer(score or data.resolve().parent / "score.py")
    found = list(held_back(data, count, extra or (), penalty))
    _report(
        "matching", results(figures, found, f"{count} folds of {data.name}, by tenant"), keep=keep
    )


def _of_size(count: int, seed: int, lines: int) -> Tally:
    with tempfile.TemporaryDirectory(prefix="payymo-matching-") as folder:
        generate(Path(folder), seed=seed, tenants=1, lines=lines, open_invoices=count)
        found = drive(Path(folder))
    gc.collect()
    return found


def _speed(found: Tally, against: str) -> Sequence[Result]:
    figures = f"{found.lines} lines, {found.posted} posted"
    return [
        Result("decisions a second of a core", against, found.lines_a_second, "≥ 2000", figures),
        Result("p99 a line, ms", against, found.p99, "≤ 50", figures),
        *_rightness(found, against, "≥ 98.5", "≥ 99.95"),
    ]


def _size(small: Tally, large: Tally, count: int) -> Sequence[Result]:
    what = f"tenant of {count:,} open invoices"
    ratio = small.lines_a_second / large.lines_a_second
    figures = f"{1000 / large.lines_a_second:.2f} ms against {1000 / small.lines_a_second:.2f} ms"
    twin = f"its twin of {SMALL:,}"
    return [
        Result(f"{what}, time a line", twin, ratio, "≤ 1.5", figures),
        Result(f"{what}, p99 a line, ms", "p99 of its twin", large.p99, "≤ 50", f"{small.p99:.1f}"),
        *_rightness(large, what, "≥ 96", "≥ 99.9"),
        *_rightness(small, twin, "", ""),
    ]


def _rightness(found: Tally, of: str, recall: str, precision: str) -> Sequence[Result]:
    decided = f"{found.decided} of {found.decidable}"
    right = f"{found.right} of {found.posted}"
    return [
        Result("recall of decidable lines, %", of, found.recall, recall, decided),
        Result("precision of posted lines, %", of, found.precision, precision, right),
    ]


def _report(name: str, found: Sequence[Result], *, keep: bool) -> None:
    typer.echo(machine(), err=True)
    report(name, found, keep=keep, as_json=False)


if __name__ == "__main__":
    app()
