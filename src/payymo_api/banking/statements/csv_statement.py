"""A CSV file by its mapping: one statement, whose balance column must add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from payymo_api.banking.lines import Balance, BankTransaction
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.statements.csv_lines import Found, LineReader, table_of
from payymo_api.banking.statements.csv_sheet import Table, read_sheet
from payymo_api.banking.statements.fields import iban
from payymo_api.banking.statements.statement import (
    Statement,
    StatementAccount,
    StatementFormat,
    StatementWarning,
    doubts,
)
from payymo_api.core.money import Money, decimal_text

Told = tuple[BankTransaction, Money]
"""A line and the balance after it."""


@dataclass(frozen=True, slots=True)
class CsvReading:
    """`problems` are sentences about rows that are not in the statement."""

    statement: Statement
    columns: tuple[str, ...]
    problems: tuple[str, ...]


def read_csv(
    content: bytes, mapping: CsvMapping, currency: str, filename: str | None
) -> CsvReading:
    """Read what can be read; StatementUnreadable only if that is nothing at all."""
    sheet = read_sheet(content, mapping.delimiter, mapping.encoding)
    table = table_of(sheet, mapping)
    found = LineReader(table, mapping, currency).read()
    problems = tuple(error.detail for error in found.problems)
    return CsvReading(_statement(found, table, currency, filename), table.columns, problems)


def columns_of(content: bytes, mapping: CsvMapping) -> tuple[str, ...]:
    """Return the file's columns as this mapping finds them; MappingMisfit if it does not."""
    return table_of(read_sheet(content, mapping.delimiter, mapping.encoding), mapping).columns


def _statement(found: Found, table: Table, currency: str, filename: str | None) -> Statement:
    written = found.account or table.iban()
    number = iban(written)
    account = StatementAccount(number, None if number else written, currency)
    told = _in_order(found)
    days = [line.booked_on for line in found.lines if line.booked_on]
    opening, closing = _ends(told) if told else (None, None)
    return Statement(
        format=StatementFormat.CSV,
        id=written or "",
        number=None,
        filename=filename,
        account=account,
        from_on=min(days, default=None),
        to_on=max(days, default=None),
        opening=opening,
        closing=closing,
        balances=tuple(each for each in (opening, closing) if each),
        lines=found.lines,
        warnings=_left_out(found) + doubts(account, None, None, found.lines) + _mismatch(told),
    )


def _in_order(found: Found) -> list[Told]:
    """Return lines with their balances, earliest first: as they add up, else by their days."""
    told = [
        (line, balance)
        for line, balance in zip(found.lines, found.balances, strict=True)
        if balance is not None
    ]
    if len(told) < len(found.lines) or not told:
        return []
    newest_first = (told[0][0].booked_on or date.min) > (told[-1][0].booked_on or date.min)
    ways = [told[::-1], told] if newest_first else [told, told[::-1]]
    return min(ways, key=lambda way: len(_breaks(way)))


def _breaks(told: Sequence[Told]) -> list[tuple[Money, Told]]:
    """Return where a balance is not the one before it and the amount: that one and the line."""
    return [
        (before, (line, after))
        for (_, before), (line, after) in pairwise(told)
        if before.minor + line.amount.minor != after.minor
    ]


def _mismatch(told: Sequence[Told]) -> tuple[StatementWarning, ...]:
    breaks = _breaks(told)
    if not breaks:
        return ()
    before, (line, after) = breaks[0]
    made = decimal_text(before.minor + line.amount.minor, after.currency)
    detail = (
        f"line {line.raw['line']}: a balance of {before} and an amount of {line.amount} make "
        f"{made}, but the balance is {after}; so it is in {len(breaks)} places"
    )
    return (StatementWarning("balance_mismatch", detail),)


def _ends(told: Sequence[Told]) -> tuple[Balance, Balance]:
    (first, after), (last, closing) = told[0], told[-1]
    before = Money(after.minor - first.amount.minor, after.currency)
    return Balance("opening", before, first.booked_on), Balance("closing", closing, last.booked_on)


def _left_out(found: Found) -> tuple[StatementWarning, ...]:
    if not found.left_out:
        return ()
    places = ", ".join(str(row.line) for row in found.left_out[:20])
    detail = f"left out, for they are not lines of the account: rows of line {places}"
    return (StatementWarning("rows_left_out", detail),)
