"""`python -m benchmarks.matching.generate --seed 7 --tenants 30 --lines 10000 --out DIR`.

`--open 1000000` makes one tenant with so many open invoices; its lines and what is right about
them are those of the same tenant of any other size.

Makes up a data set for the matching engine: the same arguments give the same bytes.
"""

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer

from benchmarks.matching import files
from benchmarks.matching.crowd import ABOVE_THE_CROWD, crowd
from benchmarks.matching.files import Files
from benchmarks.matching.life import Booked, live
from benchmarks.matching.rates import Rates
from benchmarks.matching.tenant import Tenant, tenant
from benchmarks.matching.values import CUTOFF

_YEAR = 2.0
"""A year has twice the lines that are to be decided: the first half is history."""


def generate(folder: Path, *, seed: int, tenants: int, lines: int, open_invoices: int = 0) -> None:
    """Write a data set: about so many lines to decide, over so many tenants."""
    rates = Rates(Random(f"{seed} rates"))
    count: Counter[str] = Counter()
    booked: list[tuple[Tenant, Booked]] = []
    with Files(folder) as out:
        for day, rate in rates.days.items():
            told = {currency: f"{each:.6f}" for currency, each in rate.items()}
            out.write("fx_rates", {"date": day.isoformat(), "base": "EUR", "rates": told})
        for index in range(tenants):
            made = tenant(Random(f"{seed} {index}"), index, _share(lines, tenants, index), rates)
            made.numbering.sequence += ABOVE_THE_CROWD if open_invoices else 0
            booked += [(made, each) for each in _write_year(out, made)]
            _write_crowd(out, made, seed, open_invoices)
        booked.sort(key=lambda pair: pair[1].day)
        for who, each in booked:
            _write_line(out, who, each, count)
    manifest = {"seed": seed, "tenants": tenants, "cutoff": CUTOFF.isoformat(), **count}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _share(lines: int, tenants: int, index: int) -> int:
    """Return a tenant's lines in a year; some tenants have three times as many as others."""
    weights = [1 + at % 3 for at in range(tenants)]
    return int(lines * weights[index] / sum(weights) * _YEAR)


def _write_year(out: Files, made: Tenant) -> list[Booked]:
    out.write("tenants", files.tenant_row(made))
    for customer in made.customers:
        out.write("customers", files.customer_row(made.id, customer))
    year = live(made)
    for document in sorted(year.documents, key=lambda each: each.issued):
        out.write("invoices", files.document_row(made.id, document))
    for payout in year.payouts:
        out.write("stripe_payouts", files.payout_row(made.id, payout))
    return year.booked


def _write_crowd(out: Files, made: Tenant, seed: int, count: int) -> None:
    for debtor, documents in crowd(Random(f"{seed} crowd"), made, count):
        out.write("customers", files.customer_row(made.id, debtor))
        for document in documents:
            out.write("invoices", files.document_row(made.id, document))


def _write_line(out: Files, who: Tenant, booked: Booked, count: Counter[str]) -> None:
    row: dict[str, Any] = files.line_row(who, booked)
    if booked.day < CUTOFF:
        out.write("history", row | {"confirmed": files.confirmed(booked.draft)})
        count["history_lines"] += 1
        return
    out.write("transactions", row)
    out.write("truth", files.truth_row(who, booked))
    count["test_lines"] += 1
    count[f"case {booked.draft.case}"] += 1
    count[f"resolvable {booked.resolvable}"] += 1


def main(
    out: Annotated[Path, typer.Option(help="A folder outside the repository.")],
    seed: Annotated[int, typer.Option()] = 7,
    tenants: Annotated[int, typer.Option(min=1)] = 30,
    lines: Annotated[int, typer.Option(min=100, help="Lines to decide.")] = 10_000,
    open_invoices: Annotated[
        int, typer.Option("--open", min=0, help="Make one tenant with so many open invoices.")
    ] = 0,
) -> None:
    """Make up a data set."""
    tenants = 1 if open_invoices else tenants
    generate(out, seed=seed, tenants=tenants, lines=lines, open_invoices=open_invoices)


if __name__ == "__main__":
    typer.run(main)
