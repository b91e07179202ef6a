"""The lines of a CSV file, read by a mapping that somebody has confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from payymo_api.banking.errors import MappingMisfit, StatementUnreadable
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.schemas.mappings import CsvMapping, DateOrder, DecimalMark
from payymo_api.banking.statements import csv_values
from payymo_api.banking.statements.csv_sheet import (
    Row,
    Sheet,
    Table,
    header_with,
    with_header,
    without_header,
)
from payymo_api.banking.statements.csv_words import folded
from payymo_api.banking.statements.fields import iban, shown
from payymo_api.core.money import CURRENCIES, InvalidAmount, Money, decimals

_DATES = ("booked_on", "value_on")
_AMOUNTS = ("amount", "credit", "debit")
_WORDS = ("description", "reference", "end_to_end_id", "counterparty_name", "counterparty_account")


def table_of(sheet: Sheet, mapping: CsvMapping) -> Table:
    """Return the rows below the header that has the mapping's columns; MappingMisfit if none."""
    mapped = mapping.columns()
    if mapping.has_header:
        at = header_with(sheet, list(mapped.values()))
        table = _nearest(sheet, mapped) if at is None else with_header(sheet, at)
    else:
        table = without_header(sheet, _first_line(sheet, mapping.booked_on))
    for field, column in mapped.items():
        if column not in table.columns:
            raise MappingMisfit.at(
                f"/mapping/{field}", MappingMisfit.code, f"The file has no column {shown(column)}."
            )
    return table


def _nearest(sheet: Sheet, mapped: dict[str, str]) -> Table:
    """The row that names the most of the columns: the first that it lacks can be told."""
    wanted = set(mapped.values())
    return max(
        (with_header(sheet, at) for at in range(min(len(sheet.rows), 50))),
        key=lambda table: len(wanted & set(table.columns)),
        default=Table((), (), ()),
    )


def _first_line(sheet: Sheet, column: str) -> int:
    at = int(column) - 1 if column.isdecimal() else 0
    found = (
        number
        for number, row in enumerate(sheet.rows)
        if at < len(row.cells) and csv_values.orders([row.cells[at].strip()])
    )
    return next(found, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the rows; `balances` are those after each of `lines`, where told."""

    lines: tuple[BankTransaction, ...]
    balances: tuple[Money | None, ...]
    left_out: tuple[Row, ...]
    problems: tuple[StatementUnreadable, ...]
    account: str | None


class LineReader:
    """Reads the rows of one table; what the mapping leaves open is found out from all of them."""

    def __init__(self, table: Table, mapping: CsvMapping, currency: str) -> None:
        self._currency = currency
        self._columns = mapping.columns()
        self._at = {field: table.columns.index(name) for field, name in self._columns.items()}
        self._width = len(table.columns)
        self._needed = max(self._at.values()) + 1
        self._names = table.columns
        self._rows, self._left_out = self._cut(table.rows)
        self._mapping = mapping
        self._order = mapping.date_order or self._found_order()
        self._mark = mapping.decimal or self._found_mark()

    def read(self) -> Found:
        lines, balances, problems = [], [], []
        for row in self._rows:
            try:
                line, balance = self._line(row), self._balance(row)
            except StatementUnreadable as error:
                problems.append(error)
                continue
            lines.append(line)
            balances.append(balance)
        account = self._account()
        return Found(tuple(lines), tuple(balances), self._left_out, tuple(problems), account)

    def _cut(self, rows: tuple[Row, ...]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """Cut off what is no line: balances and blanks above, remarks and sums below."""
        first, last = 0, len(rows)
        while last and self._is_remark(rows[last - 1]):
            last -= 1
        while first < last and self._moves_nothing(rows[first]):
            first += 1
        return rows[first:last], (*rows[:first], *rows[last:])

    def _is_remark(self, row: Row) -> bool:
        """A row without a date that lacks an amount, or all words: a note, a sum, a balance."""
        day = self._cell(row, "booked_on")
        if day[:1].isdecimal() or csv_values.orders([day]):
            return self._moves_nothing(row)
        words = [field for field in self._at if field.startswith(_WORDS)]
        is_wordless = bool(words) and not self._has(row, *words)
        return is_wordless or not self._has(row, *_AMOUNTS)

    def _moves_nothing(self, row: Row) -> bool:
        if self._has(row, *_AMOUNTS):
            return False
        return self._has(row, "balance") or not self._has(row, "booked_on")

    def _has(self, row: Row, *fields: str) -> bool:
        return any(self._cell(row, field) for field in fields)

    def _cell(self, row: Row, field: str) -> str:
        at = self._at.get(field)
        return row.cells[at].strip() if at is not None and at < len(row.cells) else ""

    def _text(self, row: Row, field: str) -> str | None:
        return " ".join(self._cell(row, field).split()) or None

    def _found_order(self) -> DateOrder:
        """Where a cell spoils the column, the order of the most: that cell is refused later."""
        texts = self._texts(_DATES)
        found = csv_values.orders(texts)
        if len(found) > 1:
            raise self._open(self._rows[0], "booked_on", "date_order", found)
        return max(
            found or csv_values.ORDERS,
            key=lambda order: sum(csv_values.day(text, order) is not None for text in texts),
        )

    def _found_mark(self) -> DecimalMark:
        texts = self._texts((*_AMOUNTS, "balance"))
        found = csv_values.marks(texts, decimals(self._currency))
        if len(found) > 1:
            field = next(name for name in _AMOUNTS if name in self._at)
            raise self._open(self._rows[0], field, "decimal", found)
        return max(
            found or csv_values.MARKS,
            key=lambda mark: sum(csv_values.amount(text, mark) is not None for text in texts),
        )

    def _texts(self, fields: Sequence[str]) -> list[str]:
        """Return the cells of these columns, each once."""
        cells = (self._cell(row, field) for field in fields for row in self._rows)
        return list(dict.fromkeys(filter(None, cells)))

    def _open(self, row: Row, field: str, name: str, choices: Sequence[str]) -> StatementUnreadable:
        text = shown(self._cell(row, field))
        several = " or ".join(shown(each) for each in choices)
        return self._refusal(
            row, field, f"{text} and its column can be read as {several}: {name} must say how"
        )

    def _line(self, row: Row) -> BankTransaction:
        self._check_width(row)
        account = self._text(row, "counterparty_account")
        cells = dict(zip(self._names, row.cells, strict=False))
        return BankTransaction(
            booked=True,
            amount=self._amount(row),
            booked_on=self._day(row, "booked_on"),
            value_on=self._day(row, "value_on") if self._has(row, "value_on") else None,
            booked_at=None,
            description=self._description(row),
            reference=self._text(row, "reference"),
            end_to_end_id=self._text(row, "end_to_end_id"),
            counterparty_name=self._text(row, "counterparty_name"),
            counterparty_iban=iban(account),
            provider_id=None,
            internal_id=self._text(row, "bank_id"),
            raw={"line": row.line, "counterparty_account": account, "cells": cells},
        )

    def _check_width(self, row: Row) -> None:
        """A row that was cut short, or in which a delimiter stands unquoted, is not guessed at."""
        count = len(row.cells)
        if count < self._needed or any(cell.strip() for cell in row.cells[self._width :]):
            what = f"has {count} cells where {self._width} are expected"
            raise StatementUnreadable.at_line(row.line, "row", what)

    def _description(self, row: Row) -> str:
        fields = [field for field in self._at if field.startswith("description/")]
        return " ".join(text for field in fields if (text := self._text(row, field)))

    def _day(self, row: Row, field: str) -> date:
        text = self._cell(row, field)
        found = csv_values.day(text, self._order)
        if found is None:
            raise self._refusal(row, field, f"{shown(text)} is not a date ({self._order})")
        return found

    def _amount(self, row: Row) -> Money:
        currency = self._cell(row, "currency") or self._currency
        if currency not in CURRENCIES:
            raise self._refusal(row, "currency", f"{shown(currency)} is not an ISO 4217 currency")
        if "amount" in self._at:
            found = self._number(row, "amount") * self._sign(row)
            return self._money(row, "amount", found, currency)
        filled = [name for name in ("credit", "debit") if self._number_or_zero(row, name)]
        if len(filled) > 1:
            raise self._refusal(row, "debit", "money in and money out stand in one row")
        if not filled and not self._has(row, "credit", "debit"):
            raise self._refusal(row, "debit" if "debit" in self._at else "credit", "is empty")
        field = filled[0] if filled else next(f for f in ("credit", "debit") if f in self._at)
        found = self._number_or_zero(row, field)
        out = field == "debit" and not self._mapping.debit_is_negative
        return self._money(row, field, -found if out else found, currency)

    def _sign(self, row: Row) -> int:
        """Beside a direction the amount's own sign says nothing."""
        if "direction" not in self._at:
            return -1 if self._mapping.inverted else 1
        word = folded(self._cell(row, "direction"))
        minus = -1 if self._number(row, "amount") < 0 else 1
        if word in map(folded, self._mapping.in_words):
            return minus
        if word in map(folded, self._mapping.out_words):
            return -minus
        raise self._refusal(row, "direction", f"{shown(word)} is neither money in nor money out")

    def _number(self, row: Row, field: str) -> Decimal:
        text = self._cell(row, field)
        found = csv_values.amount(text, self._mark)
        if found is None:
            what = "is empty" if not text else f"{shown(text)} is not an amount"
            raise self._refusal(row, field, what)
        return found

    def _number_or_zero(self, row: Row, field: str) -> Decimal:
        return self._number(row, field) if self._has(row, field) else Decimal(0)

    def _money(self, row: Row, field: str, found: Decimal, currency: str) -> Money:
        try:
            return Money.of(found, currency)
        except InvalidAmount as error:
            raise self._refusal(row, field, f"{shown(self._cell(row, field))}: {error}") from error

    def _balance(self, row: Row) -> Money | None:
        if not self._has(row, "balance"):
            return None
        return self._money(row, "balance", self._number(row, "balance"), self._currency)

    def _account(self) -> str | None:
        """Return what the account's own column says; a file of several accounts is refused."""
        first = self._cell(self._rows[0], "account") if self._rows else ""
        for row in self._rows:
            if self._cell(row, "account") != first:
                raise self._refusal(row, "account", "names another account than the first line")
        return first or None

    def _refusal(self, row: Row, field: str, what: str) -> StatementUnreadable:
        return StatementUnreadable.at_line(row.line, self._columns[field], what)
