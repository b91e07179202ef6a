"""What the columns of a CSV file seem to be, with the reasons, for somebody to confirm.

What the file leaves open is asked, never decided: it stays null in the mapping, or it is a question
beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.statements import csv_values
from payymo_api.banking.statements.csv_sheet import Row, Sheet, Table, with_header, without_header
from payymo_api.banking.statements.csv_words import IN_WORDS, OUT_WORDS, folded, other_way, rank
from payymo_api.banking.statements.fields import iban, shown
from payymo_api.core.money import CURRENCIES

Confidence = Literal["certain", "likely", "unsure"]
_LOOKED_AT = 50
_SAMPLE = 500
"""Rows that tell what a column holds; the order of dates is read off all of them."""
_TITLES_WITHIN = 3
"""Rows between the header and the first line: units, an opening balance."""


@dataclass(frozen=True, slots=True)
class Reason:
    field: str
    column: str
    confidence: Confidence
    detail: str


@dataclass(frozen=True, slots=True)
class Question:
    """`choices` are values for the mapping's `field`."""

    field: str
    detail: str
    choices: tuple[str, ...]


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
    made = _Guesser(table, places)
    made.look()
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


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    cells: tuple[str, ...]

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]


@dataclass(slots=True)
class _Guesser:
    table: Table
    places: int
    chosen: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    columns: dict[str, _Column] = field(default_factory=dict)
    free: list[_Column] = field(default_factory=list)

    def look(self) -> None:
        lines = _lines(self.table.rows)
        for name in self.table.columns:
            cells = tuple(self.table.cell(row, name) for row in lines)
            self.columns[name] = _Column(name, cells)
        self.free = [column for column in self.columns.values() if column.filled]
        self._days()
        self._money()
        self._currency()
        self._parties()
        self._words()

    def _take(self, field: str, column: _Column, why: str, confidence: Confidence) -> None:
        self.chosen[field] = column.name
        self.reasons.append(Reason(field, column.name, confidence, why))
        if column.filled:
            self.free.remove(column)

    def _named(self, field: str, columns: Sequence[_Column]) -> _Column | None:
        """Return the column whose header names the field best."""
        ranked = [
            (at, column) for column in columns if (at := rank(field, column.name)) is not None
        ]
        return min(ranked, key=lambda found: found[0])[1] if ranked else None

    def _days(self) -> None:
        days = [column for column in self.free if all(map(csv_values.is_day, column.filled))]
        if valued := self._named("value_on", days):
            self._take("value_on", valued, "its header names the value date", "likely")
            days.remove(valued)
        named = self._named("booked_on", days)
        if named:
            self._take("booked_on", named, "its header names the booking date", "likely")
        elif days:
            self._take("booked_on", days[0], "the first column that holds dates", "unsure")
        elif valued:
            self.chosen["booked_on"] = self.chosen.pop("value_on")
            self.reasons[-1] = Reason("booked_on", valued.name, "unsure", "the only date")
        self._order()

    def _order(self) -> None:
        names = [self.chosen[name] for name in ("booked_on", "value_on") if name in self.chosen]
        texts = {self.table.cell(row, name) for row in self.table.rows for name in names}
        days = sorted(text for text in texts if text and csv_values.is_day(text))
        found = csv_values.orders(days)
        if len(found) == 1:
            self.chosen["date_order"] = found[0]
            why = f"every date of the file is one in the order {found[0]}"
            self.reasons.append(Reason("date_order", names[0], "certain", why))
        elif days:
            detail = f"{shown(days[0])} and all other dates of the file can be read in several ways"
            self.questions.append(Question("date_order", detail, tuple(found or csv_values.ORDERS)))

    def _money(self) -> None:
        amounts = [column for column in self.free if all(map(csv_values.is_amount, column.filled))]
        self._mark(amounts)
        if balance := self._named("balance", amounts):
            self._take("balance", balance, "its header names a balance", "likely")
            amounts.remove(balance)
        if self._two_columns(amounts):
            return
        if not balance and (pair := self._adding_up(amounts)):
            self._take("amount", pair[0], f"{shown(pair[1].name)} grows by it", "certain")
            self._take("balance", pair[1], f"it grows by {shown(pair[0].name)}", "certain")
        elif amounts:
            self._one_column(amounts)
        self._direction()

    def _mark(self, amounts: Sequence[_Column]) -> None:
        money = [
            column
            for column in amounts
            if any(rank(name, column.name) is not None for name in _MONEY)
            or any("." in cell or "," in cell for cell in column.filled)
        ]
        texts = list(dict.fromkeys(cell for column in money for cell in column.filled))
        found = csv_values.marks(texts, self.places)
        if len(found) == 1:
            self.chosen["decimal"] = found[0]
            if money:
                why = f"the amounts are such with {shown(found[0])}"
                self.reasons.append(Reason("decimal", money[0].name, "certain", why))
        elif texts:
            detail = f"{shown(texts[0])} and the other amounts can be read in several ways"
            self.questions.append(Question("decimal", detail, csv_values.MARKS))

    def _numbers(self, column: _Column) -> list[Any]:
        mark = self.chosen.get("decimal", ".")
        return [csv_values.amount(cell, mark) if cell else None for cell in column.cells]

    def _two_columns(self, amounts: Sequence[_Column]) -> bool:
        """Take a column of money out and one of money in, one of which may be empty here."""
        if self._named("amount", amounts):
            return False
        columns = [*amounts, *(each for each in self.columns.values() if not each.filled)]
        debit, credit = self._named("debit", columns), self._named("credit", columns)
        if debit is credit or not any(each and each.filled for each in (debit, credit)):
            return False
        if debit:
            self._take("debit", debit, "its header names money out", "likely")
            self._minus_of(debit)
        if credit:
            self._take("credit", credit, "its header names money in", "likely")
        return True

    def _minus_of(self, debit: _Column) -> None:
        moved = [number for number in self._numbers(debit) if number]
        if moved and all(number < 0 for number in moved):
            self.chosen["debit_is_negative"] = True
            why = "every amount in it has a minus"
            self.reasons.append(Reason("debit_is_negative", debit.name, "certain", why))

    def _adding_up(self, amounts: Sequence[_Column]) -> tuple[_Column, _Column] | None:
        """Return an amount and the balance that grows by it from line to line, either way round."""
        for amount in amounts:
            for balance in amounts:
                moved, told = self._numbers(amount), self._numbers(balance)
                if amount is not balance and None not in moved + told and _adds_up(moved, told):
                    return amount, balance
        return None

    def _one_column(self, amounts: Sequence[_Column]) -> None:
        named = self._named("amount", amounts)
        if named:
            self._take("amount", named, "its header names an amount", "likely")
        elif len(amounts) == 1:
            self._take("amount", amounts[0], "the only column that holds amounts", "likely")
        else:
            self._take("amount", amounts[0], "the first column that holds amounts", "unsure")
            names = tuple(column.name for column in amounts)
            self.questions.append(Question("amount", "several columns hold amounts", names))

    def _direction(self) -> None:
        if "amount" not in self.chosen:
            return
        for column in self.free:
            words = sorted(set(column.filled))
            if len(column.filled) == len(column.cells) and all(map(other_way, words)):
                self._take("direction", column, f"it says only {', '.join(words)}", "certain")
                both = {*words, *(_like(other_way(word), word) for word in words)}
                self.chosen["in_words"] = sorted(w for w in both if folded(w) in IN_WORDS)
                self.chosen["out_words"] = sorted(w for w in both if folded(w) in OUT_WORDS)
                return
        self._sign(self.chosen["amount"])

    def _sign(self, name: str) -> None:
        moved = self._numbers(self.columns[name])
        told = self._numbers(self.columns[self.chosen.get("balance", name)])
        if None not in told + moved and _adds_up(moved, told):
            return
        if None not in told + moved and _adds_up([-number for number in moved], told):
            self.chosen["inverted"] = True
            self.reasons.append(Reason("inverted", name, "certain", "the balance falls by it"))
        elif all(number is None or number >= 0 for number in moved):
            detail = f"no amount in {shown(name)} has a minus: is all of it money in?"
            self.questions.append(Question("inverted", detail, ("false", "true")))

    def _currency(self) -> None:
        """A second amount may be what the currency belongs to: an amount in foreign money."""
        codes = [column for column in self.free if set(column.filled) <= CURRENCIES.keys()]
        column = self._named("currency", codes) or next(iter(codes), None)
        if column is None:
            return
        others = [each.name for each in self.free if all(map(csv_values.is_amount, each.filled))]
        others = [name for name in others if rank("amount", name) is not None]
        if others:
            detail = f"{shown(column.name)} may be the currency of {shown(others[0])}"
            self.questions.append(Question("currency", detail, (column.name, "null")))
        else:
            self._take("currency", column, "it holds currency codes only", "likely")

    def _parties(self) -> None:
        for each in list(self.free):
            same = len(set(each.filled)) == 1 and len(each.filled) == len(each.cells) > 1
            if iban(each.filled[0]) and same and rank("account", each.name) is not None:
                self._take("account", each, "the same account on every line", "likely")
        numbers = [each for each in self.free if any(map(iban, each.filled))]
        self._choose("counterparty_account", numbers or self.free, "likely")
        for name in ("counterparty_name", "end_to_end_id", "reference", "bank_id"):
            self._choose(name, self.free, "likely")

    def _choose(self, field: str, columns: Sequence[_Column], confidence: Confidence) -> None:
        if column := self._named(field, columns):
            self._take(field, column, "by its header", confidence)

    def _words(self) -> None:
        """The columns named so; else the one with the longest texts."""
        named = [column for column in self.free if rank("description", column.name) is not None]
        texts = [
            column for column in self.free if not all(map(csv_values.is_amount, column.filled))
        ]
        longest = max(texts, key=lambda column: sum(map(len, column.cells)), default=None)
        found = named or ([longest] if longest else [])
        self.chosen["description"] = [column.name for column in found[:10]]
        for column in found[:10]:
            why = "by its header" if named else "the longest texts of the file"
            self.reasons.append(
                Reason("description", column.name, "likely" if named else "unsure", why)
            )


_MONEY = ("amount", "balance", "debit", "credit")


def _adds_up(moved: Sequence[Any], told: Sequence[Any]) -> bool:
    if len(moved) < 2:  # noqa: PLR2004  one line proves nothing
        return False
    steps = range(1, len(moved))
    return all(told[at] == told[at - 1] + moved[at] for at in steps) or all(
        told[at - 1] == told[at] + moved[at - 1] for at in steps
    )


def _like(word: str | None, pattern: str) -> str:
    """Write the word as the other one is written."""
    return (word or "").upper() if pattern.isupper() else (word or "").capitalize()
