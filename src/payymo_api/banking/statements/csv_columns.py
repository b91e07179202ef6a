"""Which column of a CSV file holds what: by its header, its contents, and what adds up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from payymo_api.banking.statements import csv_values
from payymo_api.banking.statements.csv_sheet import Row, Table
from payymo_api.banking.statements.csv_words import IN_WORDS, OUT_WORDS, folded, other_way, rank
from payymo_api.banking.statements.fields import iban, shown
from payymo_api.core.money import CURRENCIES

Confidence = Literal["certain", "likely", "unsure"]


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
class Column:
    name: str
    cells: tuple[str, ...]

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell]

    def mostly(self, test: Callable[[str], bool]) -> bool:
        """Tell whether the cells are such; a broken one among them is named later."""
        return sum(map(test, self.filled)) * 2 > len(self.filled)


@dataclass(slots=True)
class ColumnGuesser:
    table: Table
    places: int
    chosen: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    columns: dict[str, Column] = field(default_factory=dict)
    free: list[Column] = field(default_factory=list)

    def look(self, lines: Sequence[Row]) -> None:
        """Choose column after column: what a field has taken, no other one gets."""
        for name in self.table.columns:
            cells = tuple(self.table.cell(row, name) for row in lines)
            self.columns[name] = Column(name, cells)
        self.free = [column for column in self.columns.values() if column.filled]
        self._days()
        self._money()
        self._currency()
        self._parties()
        self._words()

    def _take(self, field: str, column: Column, why: str, confidence: Confidence) -> None:
        self.chosen[field] = column.name
        self.reasons.append(Reason(field, column.name, confidence, why))
        if column.filled:
            self.free.remove(column)

    def _named(self, field: str, columns: Sequence[Column]) -> Column | None:
        """Return the column whose header names the field best."""
        ranked = [
            (at, column) for column in columns if (at := rank(field, column.name)) is not None
        ]
        return min(ranked, key=lambda found: found[0])[1] if ranked else None

    def _days(self) -> None:
        days = [column for column in self.free if column.mostly(csv_values.is_day)]
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
        amounts = [column for column in self.free if column.mostly(csv_values.is_amount)]
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

    def _mark(self, amounts: Sequence[Column]) -> None:
        money = [
            column
            for column in amounts
            if any(rank(name, column.name) is not None for name in _MONEY)
            or any("." in cell or "," in cell for cell in column.filled)
        ]
        cells = (cell for column in money for cell in column.filled)
        texts = list(dict.fromkeys(filter(csv_values.is_amount, cells)))
        found = csv_values.marks(texts, self.places)
        if len(found) == 1:
            self.chosen["decimal"] = found[0]
            if money:
                why = f"the amounts are such with {shown(found[0])}"
                self.reasons.append(Reason("decimal", money[0].name, "certain", why))
        elif texts:
            detail = f"{shown(texts[0])} and the other amounts can be read in several ways"
            self.questions.append(Question("decimal", detail, csv_values.MARKS))

    def _numbers(self, column: Column) -> list[Any]:
        mark = self.chosen.get("decimal", ".")
        return [csv_values.amount(cell, mark) if cell else None for cell in column.cells]

    def _two_columns(self, amounts: Sequence[Column]) -> bool:
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

    def _minus_of(self, debit: Column) -> None:
        moved = [number for number in self._numbers(debit) if number]
        if moved and all(number < 0 for number in moved):
            self.chosen["debit_is_negative"] = True
            why = "every amount in it has a minus"
            self.reasons.append(Reason("debit_is_negative", debit.name, "certain", why))

    def _adding_up(self, amounts: Sequence[Column]) -> tuple[Column, Column] | None:
        """Return an amount and the balance that grows by it from line to line, either way round."""
        for amount in amounts:
            for balance in amounts:
                moved, told = self._numbers(amount), self._numbers(balance)
                if amount is not balance and None not in moved + told and _adds_up(moved, told):
                    return amount, balance
        return None

    def _one_column(self, amounts: Sequence[Column]) -> None:
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
        others = [each.name for each in self.free if each.mostly(csv_values.is_amount)]
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
        self._choose("counterparty_account", numbers or self.free)
        for name in ("counterparty_name", "end_to_end_id", "reference", "bank_id"):
            self._choose(name, self.free)

    def _choose(self, field: str, columns: Sequence[Column]) -> None:
        if column := self._named(field, columns):
            self._take(field, column, "by its header", "likely")

    def _words(self) -> None:
        """The columns named so; else the one with the longest texts."""
        named = [column for column in self.free if rank("description", column.name) is not None]
        texts = [column for column in self.free if not column.mostly(csv_values.is_amount)]
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
