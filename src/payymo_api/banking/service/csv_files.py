"""CSV files: whose they are, and the mapping they are read with, which somebody has confirmed."""

import asyncio

from payymo_api.banking.errors import (
    MappingMisfit,
    MappingNeeded,
    StatementUnreadable,
    UnknownStatementAccount,
)
from payymo_api.banking.models import BankAccount, SavedMapping
from payymo_api.banking.repository import AccountRepository, MappingRepository
from payymo_api.banking.schemas.mappings import CsvMapping
from payymo_api.banking.statements import Statement, StatementFile
from payymo_api.banking.statements.csv_guess import guess
from payymo_api.banking.statements.csv_statement import CsvReading, columns_of, read_csv
from payymo_api.core.db import Scope
from payymo_api.core.errors import FieldError
from payymo_api.core.types import AccountId

SHOWN_PROBLEMS = 20
_PLACES = 2
"""Decimals of most currencies: enough to find the file's account, whose currency tells."""


async def account_of(
    scope: Scope, file: StatementFile, account_id: AccountId | None
) -> BankAccount | None:
    """Return the account that the caller chose, or the only one of the file's IBAN."""
    accounts = AccountRepository(scope)
    if account_id:
        return await accounts.referenced(account_id, "/account_id")
    iban = await asyncio.to_thread(_iban, file)
    found = await accounts.named(iban, None)
    return found[0] if len(found) == 1 else None


def _iban(file: StatementFile) -> str | None:
    return guess(file.sheet, _PLACES).iban if file.sheet else None


async def statement_of(
    scope: Scope, file: StatementFile, account_id: AccountId | None, mapping: CsvMapping | None
) -> tuple[BankAccount, Statement]:
    """Read the file by the mapping that was sent or saved, and save the one that was sent."""
    account = await account_of(scope, file, account_id)
    if account is None:
        raise UnknownStatementAccount.at(
            "/account_id", UnknownStatementAccount.code, "The file names no account that is here."
        )
    chosen = mapping or await saved_for(scope, file, account)
    if chosen is None:
        raise MappingNeeded.at(
            "/mapping", MappingNeeded.code, "No mapping is saved for a file with these columns."
        )
    reading = await asyncio.to_thread(read_csv, file.content, chosen, account.currency, file.name)
    _refuse_problems(reading)
    if mapping:
        await MappingRepository(scope).save(account.id, reading.columns, mapping.model_dump())
    return account, reading.statement


async def saved_for(scope: Scope, file: StatementFile, account: BankAccount) -> CsvMapping | None:
    """Return the account's saved mapping if this file has the very same columns."""
    saved = await MappingRepository(scope).of(account.id)
    if saved is None:
        return None
    mapping = CsvMapping.model_validate(saved.mapping)
    return mapping if await asyncio.to_thread(_fits, file, mapping, saved) else None


def _fits(file: StatementFile, mapping: CsvMapping, saved: SavedMapping) -> bool:
    try:
        return list(columns_of(file.content, mapping)) == saved.columns
    except (MappingMisfit, StatementUnreadable):
        return False


def _refuse_problems(reading: CsvReading) -> None:
    if reading.problems:
        code, shown = StatementUnreadable.code, reading.problems[:SHOWN_PROBLEMS]
        errors = [FieldError("/file", code, each) for each in shown]
        raise StatementUnreadable(shown[0], errors=errors)
