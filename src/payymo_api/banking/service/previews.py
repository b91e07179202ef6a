"""How a statement file would be read, for somebody to look at before it is imported."""

import asyncio
from collections.abc import Sequence
from typing import Any

from payymo_api.banking.errors import (
    MappingMisfit,
    StatementUnreadable,
    UnknownStatementAccount,
)
from payymo_api.banking.lines import BankTransaction
from payymo_api.banking.models import BankAccount
from payymo_api.banking.schemas.imports import (
    FileWarning,
    PreviewAnswer,
    PreviewColumn,
    PreviewLine,
    PreviewQuestion,
    PreviewReason,
)
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.service import csv_files
from payymo_api.banking.service.imports import Order, account_of, with_lines
from payymo_api.banking.statements import Statement, StatementFile, StatementFormat
from payymo_api.banking.statements.csv_guess import Guess, guess
from payymo_api.banking.statements.csv_sheet import Table
from payymo_api.banking.statements.csv_statement import read_csv
from payymo_api.core.db import Scope
from payymo_api.core.money import decimals

_SHOWN = 20
_SAMPLES = 3
_USUAL = "EUR"
"""Has two decimals, as most; it stands in where the file does not name its account."""


async def preview(scope: Scope, file: StatementFile, order: Order) -> PreviewAnswer:
    if file.format is StatementFormat.CSV:
        return await _preview_csv(scope, file, order)
    statements = with_lines(file.statements)
    try:
        account = await account_of(scope, statements[0].account, order.account_id)
    except UnknownStatementAccount:
        account = None
    return PreviewAnswer(
        format=file.format.value,
        account_id=account.id if account else None,
        mapping=None,
        mapping_source=None,
        columns=[],
        reasons=[],
        questions=[],
        problems=[],
        **_read(statements),
    )


async def _preview_csv(scope: Scope, file: StatementFile, order: Order) -> PreviewAnswer:
    account = await csv_files.account_of(scope, file, order.account_id)
    saved = None
    if account and not order.mapping:
        saved = await csv_files.saved_for(scope, file, account)
    known = order.mapping or saved
    found = await asyncio.to_thread(_guessed, file, account)
    mapping = known or found.mapping
    statement, problems = await asyncio.to_thread(_lines, file, mapping, account)
    return PreviewAnswer(
        format=file.format.value,
        account_id=account.id if account else None,
        mapping=mapping,
        mapping_source=("given" if order.mapping else "saved") if known else "guessed",
        columns=_columns(found.table),
        reasons=[] if known else [PreviewReason.model_validate(each) for each in found.reasons],
        questions=[]
        if known
        else [PreviewQuestion.model_validate(each) for each in found.questions],
        problems=problems[:_SHOWN],
        **_read([statement] if statement else [], is_currency_known=account is not None),
    )


def _guessed(file: StatementFile, account: BankAccount | None) -> Guess:
    assert file.sheet is not None
    return guess(file.sheet, decimals(account.currency if account else _USUAL))


def _lines(
    file: StatementFile, mapping: CsvMapping | None, account: BankAccount | None
) -> tuple[Statement | None, Sequence[str]]:
    if mapping is None:
        return None, ["no column holds a date, or none an amount"]
    currency = account.currency if account else _USUAL
    try:
        reading = read_csv(file.content, mapping, currency, file.name)
    except (MappingMisfit, StatementUnreadable) as error:
        return None, [error.detail]
    return reading.statement, reading.problems


def _columns(table: Table) -> list[PreviewColumn]:
    return [
        PreviewColumn(name=name, samples=[table.cell(row, name) for row in table.rows[:_SAMPLES]])
        for name in table.columns
    ]


def _read(statements: Sequence[Statement], *, is_currency_known: bool = True) -> dict[str, Any]:
    lines = [line for each in statements for line in each.lines]
    return {
        "read": len(lines),
        "lines": [_line(line, is_currency_known=is_currency_known) for line in lines[:_SHOWN]],
        "warnings": [
            FileWarning.model_validate(warning) for each in statements for warning in each.warnings
        ],
    }


def _line(line: BankTransaction, *, is_currency_known: bool) -> PreviewLine:
    return PreviewLine(
        booked_on=line.booked_on,
        value_on=line.value_on,
        amount=line.amount.decimal(),
        currency=line.amount.currency if is_currency_known else None,
        description=line.description,
        reference=line.reference,
        counterparty_name=line.counterparty_name,
        counterparty_account=line.counterparty_iban or line.raw.get("counterparty_account"),
    )
