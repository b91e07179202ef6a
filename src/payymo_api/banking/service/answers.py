"""Rows as the contract shows them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from payymo_api.banking.models import BankAccount, BankConnection, SyncRun, Transaction
from payymo_api.banking.schemas.accounts import AccountAnswer, BalanceAnswer
from payymo_api.banking.schemas.connections import (
    AccountBrief,
    ConnectionAnswer,
    InstitutionBrief,
    RunAnswer,
    RunError,
    RunWarning,
)
from payymo_api.banking.schemas.imports import FileWarning, FlaggedLine, ImportRecord
from payymo_api.banking.schemas.transactions import (
    Counterparty,
    Sum,
    Sums,
    TransactionAnswer,
)
from payymo_api.banking.service.allowances import budget_of
from payymo_api.core.clock import now
from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.troubles import Trouble
from payymo_api.core.types import ConnectionId


def connection_answer(row: BankConnection, accounts: Sequence[BankAccount]) -> ConnectionAnswer:
    return ConnectionAnswer.model_validate(
        _columns(row, "authorization_url institution")
        | {
            "institution": InstitutionBrief.model_validate(row.institution),
            "authorization_url": row.authorization_url,
            "days_left": days_left(row.expires_at, now()),
            "accounts": [AccountBrief.model_validate(each) for each in accounts],
            "next_sync_at": min(
                (each.next_sync_at for each in accounts if each.next_sync_at), default=None
            ),
            "error": Trouble.of(row.error_code, row.error_detail),
        }
    )


def days_left(expires_at: datetime | None, moment: datetime) -> int | None:
    return None if expires_at is None else max((expires_at - moment) // timedelta(days=1), 0)


def connection_answers(
    rows: Iterable[BankConnection], accounts: Sequence[BankAccount]
) -> dict[ConnectionId, ConnectionAnswer]:
    """Pair each connection with its own of the accounts."""

    def owner(account: BankAccount) -> str:
        return str(account.connection_id)

    grouped = {id: list(group) for id, group in groupby(sorted(accounts, key=owner), key=owner)}
    return {row.id: connection_answer(row, grouped.get(str(row.id), [])) for row in rows}


def account_answer(row: BankAccount) -> AccountAnswer:
    balances = [
        BalanceAnswer(
            type=each["type"],
            reference_on=each["reference_on"],
            **money_fields(Money(each["minor"], each["currency"])),
        )
        for each in row.balances
    ]
    moment, budget = now(), budget_of(row)
    return AccountAnswer.model_validate(
        _columns(row, "balances")
        | {
            "balances": balances,
            "calls_left": budget.left(moment) if row.connection_id else None,
            "calls_reset_at": budget.next_back(moment),
            "error": Trouble.of(row.error_code, row.error_detail),
        }
    )


def run_answer(row: SyncRun) -> RunAnswer:
    error = row.error_code and RunError(code=row.error_code, detail=row.error_detail or "")
    warnings = [RunWarning.model_validate(each) for each in row.warnings]
    return RunAnswer.model_validate(
        _columns(row, "warnings") | {"error": error, "warnings": warnings}
    )


def import_answer(row: SyncRun) -> ImportRecord:
    """Show a run that has a file."""
    assert row.file is not None
    assert row.file_digest is not None
    flagged = [
        FlaggedLine(
            booked_on=each["booked_on"],
            description=each["description"],
            reason=each["reason"],
            **money_fields(Money(each["amount_minor"], each["currency"])),
        )
        for each in row.file["flagged"]
    ]
    return ImportRecord.model_validate(
        row.file
        | {name: getattr(row, name) for name in ("id", "account_id", *_COUNTED)}
        | {
            "run_id": row.id,
            "file_name": row.file["name"],
            "digest": row.file_digest.hex(),
            "imported_at": row.started_at,
            "key_id": _uuid(row.file["key_id"]),
            "same_file_as": _uuid(row.file["same_file_as"]),
            "flagged": flagged,
            "warnings": [FileWarning.model_validate(each) for each in row.warnings],
        }
    )


_COUNTED = ("added", "modified", "paired")


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def transaction_answer(
    row: Transaction, connection_id: ConnectionId | None, *, with_raw: bool = False
) -> TransactionAnswer:
    return TransactionAnswer(**_transaction(row, connection_id), raw=row.raw if with_raw else None)


def _transaction(row: Transaction, connection_id: ConnectionId | None) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SHOWN} | {
        "connection_id": connection_id,
        "counterparty": Counterparty(name=row.counterparty_name, iban=row.counterparty_iban),
        **money_fields(Money(row.amount_minor, row.currency)),
    }


_SHOWN = TransactionAnswer.model_fields.keys() - {
    "connection_id",
    "counterparty",
    "amount",
    "amount_minor",
    "currency",
    "raw",
}


def _columns(row: Any, *but: str) -> dict[str, Any]:  # noqa: ANN401  any mapped row
    left_out = set(" ".join(but).split())
    return {
        column.key: getattr(row, column.key)
        for column in row.__table__.columns
        if column.key not in left_out
    }


def sums(currency: str, count: int, incoming: int, outgoing: int) -> Sums:
    return Sums(
        currency=currency,
        count=count,
        money_in=_sum(incoming, currency),
        money_out=_sum(outgoing, currency),
        net=_sum(incoming + outgoing, currency),
    )


def _sum(minor: int, currency: str) -> Sum:
    return Sum(amount=Money(minor, currency).decimal(), amount_minor=minor)
