"""Drives the engine through a data set in this process, as life would, and counts.

A user confirms what was not posted after two days, and puts right what was posted wrongly after
fourteen. Time is the CPU's, from a line to its answer: other programs of the machine cost none.
"""

import gzip
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
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
    """Count what the engine says of a whole data set."""
    tally = Tally()
    for truth, said, took in replay(folder, Stream()):
        tally.took.append(took)
        _count(tally, truth, said)
    return tally


def replay(
    folder: Path, stream: Stream, tenants: Collection[str] | None = None
) -> Iterator[tuple[Row, Row, float]]:
    """Yield the truth of each line, the answer, and the seconds it took.

    The engine is told everything that is known before the first line, then line after line; with
    `tenants` only of these. Users have the last word: what they say after the last line is told.
    """
    rows = partial(_rows, folder, tenants)
    truths = {row["transaction_id"]: row for row in rows("truth")}
    coming = _tell_the_past(stream, rows)
    later: dict[int, list[Row]] = defaultdict(list)
    today = 0
    for row in rows("transactions"):
        if _day(row["received_on"]) != today:
            today = _day(row["received_on"])
            _tell_until(stream, coming, later, today)
        truth = truths[row["id"]]
        said, took = _ask(stream, row)
        _note_news(truth, said, later, today)
        yield truth, said, took
    _tell_until(stream, coming, later, max(later, default=today))


def tenants_of(folder: Path) -> list[str]:
    return [row["id"] for row in _rows(folder, None, "tenants")]


def _tell_the_past(stream: Stream, rows: Callable[[str], Iterator[Row]]) -> deque[Row]:
    """Tell what was known before the first line; return what comes later, by its day."""
    start = next(rows("transactions"), {"received_on": ""})["received_on"]
    names = {"tenants": "tenant", "customers": "customer", "fx_rates": "rates"}
    for name, op in names.items():
        for row in rows(name):
            stream.handle({"op": op, **row})
    bills = sorted(_bills(rows), key=lambda row: str(row["on"]))
    coming = deque(bills)
    while coming and coming[0]["on"] < start:
        stream.handle(_told(coming.popleft()))
    for row in rows("history"):
        stream.handle({"op": "history", **row})
    return coming


def _bills(rows: Callable[[str], Iterator[Row]]) -> Iterator[Row]:
    for row in rows("invoices"):
        yield {"op": "invoice", "on": row["issue_date"], **row}
    for row in rows("stripe_payouts"):
        yield {"op": "payout", "on": row["created"], **row}


def _told(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "on"}


def _tell_until(
    stream: Stream, coming: deque[Row], later: dict[int, list[Row]], today: int
) -> None:
    while coming and _day(coming[0]["on"]) <= today:
        stream.handle(_told(coming.popleft()))
    for when in sorted(day for day in later if day <= today):
        for news in later.pop(when):
            stream.handle(news)


def _ask(stream: Stream, row: Row) -> tuple[Row, float]:
    began = time.process_time()
    said = stream.handle({"op": "transaction", **row})
    took = time.process_time() - began
    if said is None:
        raise ValueError(f"no answer to {row['id']}")
    return said, took


def _note_news(truth: Row, said: Row, later: dict[int, list[Row]], today: int) -> None:
    """Note what users will say of the answer, and when."""
    line = {"transaction_id": truth["transaction_id"]}
    confirmed = {"op": "confirm", **line, "allocations": truth["allocations"]}
    if not _posts(said):
        later[today + _TOLD_AFTER].append(confirmed)
    elif _items(said["allocations"]).keys() != _items(truth["allocations"]).keys():
        later[today + _NOTICED_AFTER] += [{"op": "unmatch", **line}, confirmed]


def _count(tally: Tally, truth: Row, said: Row) -> None:
    wanted, found = _items(truth["allocations"]), _items(said.get("allocations"))
    posts = _posts(said)
    decidable = bool(wanted) and truth["resolvable"] == "auto"
    tally.posted += posts
    tally.right += posts and found == wanted
    tally.decidable += decidable
    tally.decided += decidable and posts and found == wanted


def _posts(said: Row) -> bool:
    return bool(said["decision"] == "auto")


def _items(allocations: Iterable[Row] | None) -> dict[tuple[str, str], str]:
    return {
        (each["type"], each["id"]): each["amount"]
        for each in allocations or ()
        if each["type"] in _REAL
    }


def _rows(folder: Path, tenants: Collection[str] | None, name: str) -> Iterator[Row]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            tenant = row["id"] if name == "tenants" else row.get("tenant_id")
            if tenants is None or tenant is None or tenant in tenants:
                yield row


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()
