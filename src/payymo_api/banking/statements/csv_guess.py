"""What the columns of a CSV file seem to be, with the reasons, for somebody to confirm.

What the file leaves open is asked, never decided: it stays null in the mapping, or it is a question
beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.statements import csv_values
from payymo_api.banking.statements.csv_columns import ColumnGuesser, Question, Reason
from payymo_api.banking.statements.csv_sheet import Row, Sheet, Table, with_header, without_header
from payymo_api.banking.statements.fields import iban

_LOOKED_AT = 50
_SAMPLE = 500
"""Rows that tell what a column holds; the order of dates is read off all of them."""
_TITLES_WITHIN = 3
"""Rows between the header and the first line: units, an opening balance."""


@dataclass(frozen=True, slots=True)
class Guess:
    """`mapping` is None where not even a date and an amount were found.

    `iban`: the account that the file seems to be of, by its preamble or on every line.
    """

    table: Table
    mapping: CsvMapping | None
    reasons: tuple[Reason, ...]
    questions: tuple[Question, ...]
    iban: str | None


def guess(sheet: Sheet, places: int) -> Guess:
    """`places`: decimals of the account's currency."""
    table, has_header = _table(sheet)
    made = ColumnGuesser(table, places)
    made.look(_lines(table.rows))
    chosen: dict[str, Any] = {"delimiter": sheet.delimiter, "has_header": has_header} | made.chosen
    complete = "booked_on" in chosen and {"amount", "credit", "debit"} & chosen.keys()
    mapping = CsvMapping(**chosen) if complete else None
    account = made.columns.get(chosen.get("account", ""))
    own = iban(account.cells[0]) if account else table.iban()
    return Guess(table, mapping, tuple(made.reasons), tuple(made.questions), own)


def _table(sheet: Sheet) -> tuple[Table, bool]:
    """The header is the nearest row above the first line that has neither a date nor an amount."""
    rows = sheet.rows[:_LOOKED_AT]
    first = next((at for at, row in enumerate(rows) if csv_values.is_line(row.cells)), None)
    if first is None:
        raise StatementUnreadable.at_line(1, "file", "has no row with a date and an amount")
    for at in range(first - 1, max(first - 1 - _TITLES_WITHIN, -1), -1):
        if _is_header(rows[at], len(rows[first].cells)):
            return with_header(sheet, at), True
    return without_header(sheet, first), False


def _is_header(row: Row, width: int) -> bool:
    named = [cell for cell in row.cells if cell.strip()]
    plain = not any(csv_values.is_day(cell) or csv_values.is_amount(cell) for cell in named)
    return plain and len(named) >= max(2, width // 2) and abs(len(row.cells) - width) <= 1


def _lines(rows: Sequence[Row]) -> list[Row]:
    """Return what seem to be lines; a sum or a balance below them fills fewer cells."""
    found = [row for row in rows[:_SAMPLE] if csv_values.is_line(row.cells)]
    filled = [sum(bool(cell.strip()) for cell in row.cells) for row in found]
    usual = median(filled) if filled else 0
    return [row for row, count in zip(found, filled, strict=True) if count * 2 > usual]
