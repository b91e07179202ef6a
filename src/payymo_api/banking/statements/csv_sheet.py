"""A CSV file as rows of cells: encoding, delimiter and header found, or taken as told."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.schemas.mappings import Delimiter
from payymo_api.banking.statements.csv_values import is_line
from payymo_api.banking.statements.fields import iban
from payymo_api.banking.statements.text import decoded, refuse_controls

DELIMITERS: tuple[Delimiter, ...] = (";", "\t", "|", ",")
_MOST_ROWS = 100_000
_MOST_CELLS = 200
_LONGEST_NAME = 200
_SAMPLE_ROWS = 200
_HEADER_WITHIN = 50
"""Rows of preamble at the most."""
_SEPARATOR_ROW = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One record; a quoted cell may go over several lines of the file, `line` is the first."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    encoding: str
    delimiter: Delimiter
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are unique; `rows` are what follows the header, remarks at the end included."""

    columns: tuple[str, ...]
    preamble: tuple[Row, ...]
    rows: tuple[Row, ...]

    def cell(self, row: Row, column: str) -> str:
        at = self.columns.index(column)
        return row.cells[at].strip() if at < len(row.cells) else ""

    def iban(self) -> str | None:
        """Return the account that the preamble names, if it names one only."""
        words = {word for row in self.preamble for cell in row.cells for word in _ibans(cell)}
        return words.pop() if len(words) == 1 else None


def read_sheet(
    content: bytes, delimiter: Delimiter | None = None, encoding: str | None = None
) -> Sheet:
    found = decoded(content, encoding)
    refuse_controls(found.text)
    declared = _SEPARATOR_ROW.match(found.text)
    text = found.text[declared.end() :] if declared else found.text
    chosen = delimiter or _delimiter(text, declared[1] if declared else "")
    skipped = 1 if declared else 0
    rows = tuple(Row(line + skipped, cells) for line, cells in _records(text, chosen) if any(cells))
    return Sheet(found.encoding, chosen, rows)


def _delimiter(text: str, declared: str) -> Delimiter:
    """Return the one that makes most rows lines of an account, and then the most even rows."""
    for each in DELIMITERS:
        if each == declared:
            return each
    scores = {each: _evenness(text, each) for each in DELIMITERS}
    best = max(DELIMITERS, key=lambda each: scores[each])
    if scores[best] == _NOTHING:
        raise StatementUnreadable.at_line(1, "file", UNKNOWN)
    return best


UNKNOWN = "is neither CAMT.053, CAMT.052, MT940, OFX nor CSV"
_NOTHING = (0, 0, 0)


def _evenness(text: str, delimiter: str) -> tuple[int, int, int]:
    """Return how many rows are lines, how many have the usual width, and that width."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    widths: Counter[int] = Counter()
    lines = 0
    try:
        for cells in islice(reader, _SAMPLE_ROWS):
            widths[len(cells)] += 1
            lines += len(cells) <= _MOST_CELLS and is_line(cells)
    except csv.Error:
        lines = 0
    del widths[0], widths[1]
    count, width = max(((count, width) for width, count in widths.items()), default=(0, 0))
    return (lines, count, width)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, count = 1, 0
    try:
        for cells in reader:
            count += 1
            if count > _MOST_ROWS:
                raise StatementUnreadable.at_line(
                    line, "file", f"has more than {_MOST_ROWS} rows; split it"
                )
            if len(cells) > _MOST_CELLS:
                raise StatementUnreadable.at_line(line, "row", f"has over {_MOST_CELLS} cells")
            yield line, tuple(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise StatementUnreadable.at_line(line, "row", f"is no CSV: {error}") from error


def names_of(row: Row) -> tuple[str, ...]:
    """Name the columns by their headers; by number where that would not be unique."""
    headers = [" ".join(cell.split()) for cell in row.cells]
    counts = Counter(headers)
    return tuple(
        header if _is_name(header) and counts[header] == 1 else str(at)
        for at, header in enumerate(headers, start=1)
    )


def _is_name(header: str) -> bool:
    return 0 < len(header) <= _LONGEST_NAME and not header.isdigit()


def with_header(sheet: Sheet, at: int) -> Table:
    return Table(names_of(sheet.rows[at]), sheet.rows[:at], sheet.rows[at + 1 :])


def without_header(sheet: Sheet, at: int) -> Table:
    """`at`: the first row that is a line of the account."""
    width = max((len(row.cells) for row in sheet.rows[at:]), default=0)
    columns = tuple(str(number) for number in range(1, width + 1))
    return Table(columns, sheet.rows[:at], sheet.rows[at:])


def header_with(sheet: Sheet, columns: Sequence[str]) -> int | None:
    """Return the first row that names all these columns."""
    wanted = set(columns)
    found = (
        at for at, row in enumerate(sheet.rows[:_HEADER_WITHIN]) if wanted <= set(names_of(row))
    )
    return next(found, None)


def _ibans(cell: str) -> Iterator[str]:
    for part in (cell, *re.split(r"[:,;]", cell), *cell.split()):
        if found := iban(part):
            yield found
