"""Drives the engine through a data set in this process, as life would, and counts.

A user confirms what was not posted after two days, and puts right what was posted wrongly after
fourteen. Time is the CPU's, from a line to its answer: other programs of the machine cost none.
"""

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from payymo_api.cli.backtest.stream import Stream

Row = dict[str, Any]
_TOLD_AFTER = 2
_NOTICED_AFTER = 14
_REAL = frozenset({"invoice", "credit_note", "payout"})


@dataclass(slots=True)
class Tally:
    """What a run counted; shares are in percent."""

    took: list[float] = field(default_factory=list)
    posted: int = 0
    right: int = 0
    decidable: int = 0
    decided: int = 0

    @property
    def lines(self) -> int:
        return len(self.took)

    @property
    def lines_a_second(self) -> float:
        return len(self.took) / sum(self.took)

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 lines do not exceed."""
        return sorted(self.took)[len(self.took) * 99 // 100] * 1000

    @property
    def precision(self) -> float:
        return 100 * self.right / self.posted if self.posted else 0.0

    @property
    def recall(self) -> float:
        return 100 * self.decided / self.decidable


def drive(folder: Path) -> Tally:
    """Tell the engine everything that is known before the first line, then line after line."""
    stream, tally = Stream(), Tally()
    truth = {row["transaction_id"]: row for row in _rows(folder, "truth")}
    coming = _tell_the_past(stream, folder)
    later: dict[int, list[Row]] = defaultdict(list)
    today = 0
    for row in _rows(folder, "transactions"):
        if _day(row["received_on"]) != today:
            today = _day(row["received_on"])
            _tell_until(stream, coming, later, today)
        right = truth[row["id"]]
        _judge(tally, right, _ask(stream, tally, row), later, today)
    return tally


def _tell_the_past(stream: Stream, folder: Path) -> list[Row]:
    """Tell what was known before the first line; return what comes later, the last first."""
    start = next(_rows(folder, "transactions"))["received_on"]
    names = {"tenants": "tenant", "customers": "customer", "fx_rates": "rates"}
    for name, op in names.items():
        for row in _rows(folder, name):
            stream.handle({"op": op, **row})
    coming = []
    for row in _bills(folder):
        if row["on"] < start:
            stream.handle(_told(row))
        else:
            coming.append(row)
    for row in _rows(folder, "history"):
        stream.handle({"op": "history", **row})
    return sorted(coming, key=lambda row: str(row["on"]), reverse=True)


def _bills(folder: Path) -> Iterator[Row]:
    for row in _rows(folder, "invoices"):
        yield {"op": "invoice", "on": row["issue_date"], **row}
    for row in _rows(folder, "stripe_payouts"):
        yield {"op": "payout", "on": row["created"], **row}


def _told(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "on"}


def _tell_until(stream: Stream, coming: list[Row], later: dict[int, list[Row]], today: int) -> None:
    while coming and _day(coming[-1]["on"]) <= today:
        stream.handle(_told(coming.pop()))
    for when in sorted(day for day in later if day <= today):
        for news in later.pop(when):
            stream.handle(news)


def _ask(stream: Stream, tally: Tally, row: Row) -> Row:
    began = time.process_time()
    said = stream.handle({"op": "transaction", **row})
    tally.took.append(time.process_time() - began)
    if said is None:
        raise ValueError(f"no answer to {row['id']}")
    return said


def _judge(tally: Tally, truth: Row, said: Row, later: dict[int, list[Row]], today: int) -> None:
    """Count the answer, and note what users will say of it."""
    line = {"transaction_id": truth["transaction_id"]}
    confirmed = {"op": "confirm", **line, "allocations": truth["allocations"]}
    wanted, found = _items(truth["allocations"]), _items(said.get("allocations"))
    posts = said.get("decision") == "auto" and bool(found)
    decidable = bool(wanted) and truth["resolvable"] == "auto"
    tally.posted += posts
    tally.right += posts and found == wanted
    tally.decidable += decidable
    tally.decided += decidable and posts and found == wanted
    if not posts:
        later[today + _TOLD_AFTER].append(confirmed)
    elif found.keys() != wanted.keys():
        later[today + _NOTICED_AFTER] += [{"op": "unmatch", **line}, confirmed]


def _items(allocations: Iterable[Row] | None) -> dict[tuple[str, str], str]:
    return {
        (each["type"], each["id"]): each["amount"]
        for each in allocations or ()
        if each["type"] in _REAL
    }


def _rows(folder: Path, name: str) -> Iterator[Row]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()
