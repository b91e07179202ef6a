"""Which bank line settled which documents, as far as the tenant's files say it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from payymo_api.backtest.bank import Bank
from payymo_api.backtest.books import number_key
from payymo_api.backtest.past import Books
from payymo_api.backtest.tables import Row, Table

_Money = tuple[date, int, str]


@dataclass(frozen=True, slots=True)
class Known:
    """`lines`: bank line -> its documents; none where it is known to belong nowhere."""

    lines: Mapping[UUID, Sequence[UUID]]
    warnings: Sequence[str]


def read_known(books: Books, bank: Bank, confirmed: Sequence[Table], usual: str | None) -> Known:
    """What names a line or a document that no file has is counted and left out."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    unknown_lines, unknown_documents = 0, set[UUID]()
    for document, names in books.paid_with.items():
        for name in names:
            line = bank.line_named(name)
            unknown_lines += line is None
            if line is not None:
                found[line].append(document)
    by_number = {number_key(each.number): each.id for each in books.documents}
    for line, numbers in _confirmed(bank, confirmed, usual):
        unknown_lines += line is None
        if line is None:
            continue
        documents = [by_number.get(number_key(number)) for number in numbers]
        found[line] += [each for each in documents if each is not None]
        if None in documents:
            unknown_documents.add(line)
    lines = {
        line: tuple(dict.fromkeys(documents))
        for line, documents in found.items()
        if line not in unknown_documents
    }
    return Known(lines, tuple(_warnings(unknown_lines, len(unknown_documents))))


def _confirmed(
    bank: Bank, tables: Sequence[Table], usual: str | None
) -> Iterator[tuple[UUID | None, list[str]]]:
    """Yield each row's bank line, by its name or else by day and amount, and its documents."""
    by_day: defaultdict[_Money, list[UUID]] = defaultdict(list)
    for line in bank.lines:
        by_day[line.booked_on, line.amount, line.currency].append(line.id)
    for table in tables:
        table.need("documents")
        if "line" not in table.columns:
            table.need("booked_on", "amount")
        for row in table.rows:
            numbers = re.split(r"[;,|]", table.text(row, "documents") or "")
            named = [each.strip() for each in numbers if each.strip()]
            yield _line(table, row, bank, by_day, usual), named


def _line(
    table: Table,
    row: Row,
    bank: Bank,
    by_day: Mapping[_Money, Sequence[UUID]],
    usual: str | None,
) -> UUID | None:
    if name := table.text(row, "line"):
        return bank.line_named(name)
    day, currency = table.day(row, "booked_on"), table.currency(row, usual)
    if day is None:
        raise table.refusal(row, "booked_on", "is empty, and no bank line is named")
    found = by_day.get((day, table.minor(row, currency), currency), ())
    return found[0] if len(found) == 1 else None


def _warnings(lines: int, documents: int) -> Iterator[str]:
    if lines:
        yield f"{lines} known payments name no bank line of these statements, or several"
    if documents:
        yield f"{documents} known payments name a document that no file lists"
