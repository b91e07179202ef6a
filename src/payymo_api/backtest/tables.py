"""Invoices, customers and the known past as rows of named cells, from CSV or JSON."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from payymo_api.backtest import words
from payymo_api.backtest.errors import Unusable
from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.schemas.mappings import DateOrder, DecimalMark
from payymo_api.banking.statements import csv_values
from payymo_api.banking.statements.csv_sheet import UNKNOWN, names_of, read_sheet, with_header
from payymo_api.banking.statements.fields import shown
from payymo_api.core.money import CURRENCIES, InvalidAmount, minor_units

_HEADER_WITHIN = 20
_LISTS = ("data", "invoices", "credit_notes", "customers", "confirmed")
_USUAL = 2
"""Decimals of most currencies: enough to tell a comma before cents from one before thousands."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller says where the files leave it open; elsewhere it changes nothing."""

    currency: str | None = None
    date_order: DateOrder | None = None
    decimal: DecimalMark | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """`number`: the line of a CSV file, the place in a JSON list."""

    number: int
    cells: dict[str, str]


class Table:
    """The rows of a file, by fields; what can't be read is Unusable with its place."""

    def __init__(
        self, file: str, columns: dict[str, str], rows: Sequence[Row], choices: Choices
    ) -> None:
        self.file, self.columns, self.rows = file, columns, rows
        self._choices = choices

    def need(self, *fields: str) -> None:
        missing = [field for field in fields if field not in self.columns]
        if missing:
            headers = ", ".join(self.rows[0].cells) if self.rows else "none"
            what = missing[0].replace("_", " ")
            raise Unusable(self.file, f"no column names the {what}; its columns are {headers}")

    def text(self, row: Row, field: str) -> str | None:
        header = self.columns.get(field)
        return (" ".join(row.cells.get(header, "").split()) or None) if header else None

    def is_one_of(self, row: Row, field: str, known: frozenset[str]) -> bool:
        text = self.text(row, field)
        return text is not None and words.plain(text) in known

    def needed(self, row: Row, field: str) -> str:
        text = self.text(row, field)
        if text is None:
            raise self.refusal(row, field, "is empty")
        return text

    def day(self, row: Row, field: str) -> date | None:
        text = self.text(row, field)
        if text is None:
            return None
        found = csv_values.day(text, self._date_order)
        if found is None:
            raise self.refusal(row, field, f"{shown(text)} is not a date ({self._date_order})")
        return found

    def percent(self, row: Row, field: str) -> Decimal | None:
        text = (self.text(row, field) or "").removesuffix("%").strip()
        if not text:
            return None
        found = csv_values.amount(text, "," if "," in text else ".")
        if found is None or not 0 <= found <= 100:  # noqa: PLR2004  percent
            raise self.refusal(row, field, f"{shown(text)} is no percentage")
        return found

    def whole(self, row: Row, field: str) -> int | None:
        text = self.text(row, field)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,15}", text):
            raise self.refusal(row, field, f"{shown(text)} is not a whole number")
        return int(text)

    def minor(self, row: Row, currency: str) -> int:
        """Return the amount in minor units."""
        if (told := self.whole(row, "amount_minor")) is not None:
            return told
        text = self.needed(row, "amount")
        found = csv_values.amount(text, self._decimal_mark)
        if found is None:
            raise self.refusal(row, "amount", f"{shown(text)} is not an amount")
        try:
            return minor_units(found, currency)
        except InvalidAmount as error:
            raise self.refusal(row, "amount", f"{shown(text)}: {error}") from error

    def currency(self, row: Row, usual: str | None) -> str:
        code = (self.text(row, "currency") or usual or "").upper()
        if not code:
            raise Unusable(self.file, "names no currency, nor does any statement: say --currency")
        if code not in CURRENCIES:
            raise self.refusal(row, "currency", f"{shown(code)} is not an ISO 4217 currency")
        return code

    def refusal(self, row: Row, field: str, what: str) -> Unusable:
        return Unusable(self.file, what, row=row.number, column=self.columns.get(field, field))

    @cached_property
    def _date_order(self) -> DateOrder:
        """Read off all dates of the table; where one spoils it, the order of the most."""
        texts, chosen = self._texts("_on"), self._choices.date_order
        found = csv_values.orders(texts)
        if len(found) > 1 and chosen not in found:
            ways = " or ".join(found)
            what = f"{shown(texts[0])} and all its dates can be read as {ways}: say --date-order"
            raise Unusable(self.file, what)
        if chosen in found:
            return chosen
        return max(
            found or csv_values.ORDERS,
            key=lambda order: sum(csv_values.day(text, order) is not None for text in texts),
        )

    @cached_property
    def _decimal_mark(self) -> DecimalMark:
        texts, chosen = self._texts("amount"), self._choices.decimal
        found = csv_values.marks(texts, self._places())
        if len(found) > 1 and chosen not in found:
            what = f"{shown(texts[0])} and all its amounts can be read with a point or a comma"
            raise Unusable(self.file, f"{what} before the decimals: say --decimal")
        if chosen in found:
            return chosen
        return max(
            found or csv_values.MARKS,
            key=lambda mark: sum(csv_values.amount(text, mark) is not None for text in texts),
        )

    def _places(self) -> int:
        """Return the most decimals that an amount of the table may have."""
        codes = {code.upper() for row in self.rows if (code := self.text(row, "currency"))}
        codes |= {self._choices.currency or ""}
        return max((CURRENCIES[code] for code in codes & CURRENCIES.keys()), default=_USUAL)

    def _texts(self, ending: str) -> list[str]:
        fields = [field for field in self.columns if field.endswith(ending)]
        texts = (self.text(row, field) for field in fields for row in self.rows)
        return list(dict.fromkeys(text for text in texts if text))


def read_table(content: bytes, file: str, fields: words.Fields, choices: Choices) -> Table:
    rows = _from_json(content, file) if file.lower().endswith("json") else None
    if rows is None and file.lower().endswith("jsonl"):
        rows = _from_json_lines(content, file)
    if rows is None:
        return _from_csv(content, file, fields, choices)
    headers = list(dict.fromkeys(header for row in rows for header in row.cells))
    return Table(file, words.columns_of(headers, fields), rows, choices)


def _from_csv(content: bytes, file: str, fields: words.Fields, choices: Choices) -> Table:
    """The header is the first of the rows that name the most fields."""
    try:
        sheet = read_sheet(content)
    except StatementUnreadable as error:
        what = error.detail if UNKNOWN not in error.detail else "is no table with several columns"
        raise Unusable(file, what) from error
    starts = range(min(len(sheet.rows), _HEADER_WITHIN))
    if not starts:
        raise Unusable(file, "has no rows")
    at = max(starts, key=lambda at: len(words.columns_of(names_of(sheet.rows[at]), fields)))
    table = with_header(sheet, at)
    rows = [
        Row(row.line, dict(zip(table.columns, row.cells, strict=False)))
        for row in table.rows
        if any(cell.strip() for cell in row.cells)
    ]
    return Table(file, words.columns_of(table.columns, fields), rows, choices)


def _from_json(content: bytes, file: str) -> list[Row]:
    found = _parsed(content, file)
    if isinstance(found, dict):
        found = next((found[name] for name in _LISTS if name in found), None)
    if not isinstance(found, list):
        raise Unusable(file, f"is neither a list nor an object with one named {_LISTS[0]!r}")
    return [Row(at, _cells(each, file, at)) for at, each in enumerate(found, start=1)]


def _from_json_lines(content: bytes, file: str) -> list[Row]:
    lines = ((at, line) for at, line in enumerate(content.splitlines(), start=1) if line.strip())
    return [Row(at, _cells(_parsed(line, file, at), file, at)) for at, line in lines]


def _parsed(content: bytes, file: str, at: int | None = None) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(content, parse_float=str)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Unusable(file, f"is no JSON: {error}", row=at) from error


def _cells(found: Any, file: str, at: int, prefix: str = "") -> dict[str, str]:  # noqa: ANN401  any JSON
    """Return text by header; what is nested is named by its path: `discount percent`."""
    if not isinstance(found, dict):
        raise Unusable(file, "is not an object", row=at)
    cells: dict[str, str] = {}
    for name, value in found.items():
        header = f"{prefix}{name}"
        if isinstance(value, dict):
            cells |= _cells(value, file, at, f"{header} ")
        elif isinstance(value, list):
            cells[header] = ";".join(map(str, value))
        elif value is not None:
            cells[header] = str(value)
    return cells
