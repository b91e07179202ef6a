"""What a statement file says, whatever its format."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from payymo_api.banking.lines import Balance, BankTransaction
from payymo_api.core.money import decimal_text


class StatementFormat(StrEnum):
    CAMT = "camt"
    MT940 = "mt940"
    OFX = "ofx"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class StatementAccount:
    """`other_id` is what the bank writes where there is no IBAN."""

    iban: str | None
    other_id: str | None
    currency: str | None
    owner_name: str | None = None


@dataclass(frozen=True, slots=True)
class StatementWarning:
    """Something odd that does not stop an import: `balance_mismatch`, `currency_mismatch` …"""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`balances` are all the bank names, `opening` and `closing` among them."""

    format: StatementFormat
    id: str
    number: str | None
    filename: str | None
    account: StatementAccount
    from_on: date | None
    to_on: date | None
    opening: Balance | None
    closing: Balance | None
    balances: tuple[Balance, ...]
    lines: tuple[BankTransaction, ...]
    warnings: tuple[StatementWarning, ...]


def doubts(
    account: StatementAccount,
    opening: Balance | None,
    closing: Balance | None,
    lines: Sequence[BankTransaction],
) -> tuple[StatementWarning, ...]:
    """Check that the opening balance and the booked lines make the closing balance."""
    named = {account.currency} - {None} | {line.amount.currency for line in lines}
    named |= {balance.amount.currency for balance in (opening, closing) if balance}
    if len(named) > 1:
        several = ", ".join(sorted(code for code in named if code))
        return (
            StatementWarning(
                "currency_mismatch",
                f"balances and entries are in {several}: the statement's sum can't be checked",
            ),
        )
    if opening is None or closing is None or closing.type == "ITBD":
        return ()  # an interim balance may cover entries that other reports list
    return _difference(opening, closing, lines)


def _difference(
    opening: Balance, closing: Balance, lines: Sequence[BankTransaction]
) -> tuple[StatementWarning, ...]:
    booked = sum(line.amount.minor for line in lines if line.booked)
    expected = opening.amount.minor + booked
    if expected == closing.amount.minor:
        return ()
    currency = opening.amount.currency
    detail = (
        f"opening {opening.amount} and booked entries of {decimal_text(booked, currency)} make "
        f"{decimal_text(expected, currency)} {currency}, but the closing balance is "
        f"{closing.amount} {currency}"
    )
    return (StatementWarning("balance_mismatch", detail),)
