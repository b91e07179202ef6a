"""A CSV file by its mapping: one statement, whose balance column must add up."""

from dataclasses import dataclass

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
from payymo_api.core.money import Money


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


def _statement(found: Found, table: Table, currency: str, filename: str | None) -> Statement:
    written = found.account or table.iban()
    number = iban(written)
    account = StatementAccount(number, None if number else written, currency)
    opening, closing = _opening_and_closing(found, account)
    days = [line.booked_on for line in found.lines if line.booked_on]
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
        warnings=_left_out(found) + doubts(account, opening, closing, found.lines),
    )


def _opening_and_closing(
    found: Found, account: StatementAccount
) -> tuple[Balance | None, Balance | None]:
    """Return the balances before and after the lines, which may stand latest first.

    Which way round they stand the days tell; on a single day, what adds up.
    """
    told = [
        (line, balance)
        for line, balance in zip(found.lines, found.balances, strict=True)
        if balance is not None
    ]
    if len(told) < len(found.lines) or not told:
        return None, None
    downwards, upwards = _ends(told), _ends(told[::-1])
    first, last = told[0][0].booked_on, told[-1][0].booked_on
    if first != last:
        return downwards if first and last and first < last else upwards
    return upwards if doubts(account, *downwards, found.lines) else downwards


def _ends(told: list[tuple[BankTransaction, Money]]) -> tuple[Balance, Balance]:
    (first, after), (last, closing) = told[0], told[-1]
    before = Money(after.minor - first.amount.minor, after.currency)
    return Balance("opening", before, first.booked_on), Balance("closing", closing, last.booked_on)


def _left_out(found: Found) -> tuple[StatementWarning, ...]:
    if not found.left_out:
        return ()
    places = ", ".join(str(row.line) for row in found.left_out[:20])
    detail = f"left out, for they are not lines of the account: rows of line {places}"
    return (StatementWarning("rows_left_out", detail),)
