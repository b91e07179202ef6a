"""OFX bank and credit card statements, 1.x and 2.x: STMTRS and CCSTMTRS."""

import re
from datetime import date

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import Balance, BankTransaction
from payymo_api.banking.statements.fields import calendar_day, iban, money, negative, shown
from payymo_api.banking.statements.ofx_tree import Aggregate, Text, tree
from payymo_api.banking.statements.statement import (
    Statement,
    StatementAccount,
    StatementFormat,
    doubts,
)
from payymo_api.core.money import CURRENCIES, Money

_STATEMENTS = ("STMTRS", "CCSTMTRS")
_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{2,6}(?:\.\d*)?)?(?:\s*\[.*\])?", re.ASCII)
_AMOUNT = re.compile(r"([+-]?)\s*(\d*[.,]?\d+|\d+[.,])", re.ASCII)


def read_ofx(content: bytes, filename: str | None) -> list[Statement]:
    root = tree(content)
    for answer in root.all("STMTTRNRS", "CCSTMTTRNRS"):
        _refuse_error(answer)
    found = [_statement(each, filename) for each in root.all(*_STATEMENTS)]
    if not found:
        raise root.refusal("STMTRS", "is missing: it holds no statement of a bank account or card")
    return found


def _refuse_error(answer: Aggregate) -> None:
    """A bank that can't answer says why, and sends no statement."""
    status = answer.part("STATUS")
    if status and status.text("SEVERITY") == "ERROR" and not answer.part(*_STATEMENTS):
        told = f"{status.text('CODE')} {status.text('MESSAGE') or ''}".strip()
        raise status.refusal("CODE", f"the bank answered with its error {told}")


def _statement(told: Aggregate, filename: str | None) -> Statement:
    currency = _currency(told.needed("CURDEF"))
    account = _account(told, currency)
    lists = [each for each in told.parts if each.name in {"BANKTRANLIST", "BANKTRANLISTP"}]
    entries = [part for each in lists for part in each.parts if part.name.startswith("STMTTRN")]
    lines = tuple(_line(entry, currency) for entry in entries)
    balances = tuple(
        _balance(part, currency) for part in told.parts if part.name in {"LEDGERBAL", "AVAILBAL"}
    )
    closing = next((each for each in balances if each.type == "LEDGERBAL"), None)
    return Statement(
        format=StatementFormat.OFX,
        id=account.iban or account.other_id or "",
        number=None,
        filename=filename,
        account=account,
        from_on=min((day for each in lists if (day := _day_of(each, "DTSTART"))), default=None),
        to_on=max((day for each in lists if (day := _day_of(each, "DTEND"))), default=None),
        opening=None,
        closing=closing,
        balances=balances,
        lines=lines,
        warnings=doubts(account, None, closing, lines),
    )


def _account(told: Aggregate, currency: str) -> StatementAccount:
    account = told.part("BANKACCTFROM", "CCACCTFROM")
    if account is None:
        raise told.refusal("BANKACCTFROM", "is missing")
    written = account.needed("ACCTID").text
    number = iban(written)
    return StatementAccount(number, None if number else written, currency)


def _line(entry: Aggregate, currency: str) -> BankTransaction:
    """FITID is a hint as the feeds' ids are: some banks number each download anew."""
    moved = entry.part("CURRENCY")
    name = entry.text("NAME") or _text_below(entry, "PAYEE", "NAME") or entry.text("EXTDNAME")
    account = _text_below(entry, "BANKACCTTO", "ACCTID")
    pending = entry.name == "STMTTRNP"
    return BankTransaction(
        booked=not pending,
        amount=_money(
            entry.needed("TRNAMT"), _currency(moved.needed("CURSYM")) if moved else currency
        ),
        booked_on=_day(entry.needed("DTTRAN" if pending else "DTPOSTED")),
        value_on=_day_of(entry, "DTAVAIL"),
        booked_at=None,
        description=_description(entry, name),
        reference=entry.text("REFNUM", "CHECKNUM"),
        end_to_end_id=None,
        counterparty_name=name,
        counterparty_iban=iban(account),
        provider_id=None,
        internal_id=entry.text("FITID"),
        raw={"line": entry.line, "counterparty_account": account, "entry": entry.plain()},
    )


def _text_below(entry: Aggregate, part: str, name: str) -> str | None:
    found = entry.part(part)
    return found.text(name) if found else None


def _description(entry: Aggregate, name: str | None) -> str:
    """Banks put the words of a payment into NAME, MEMO or both."""
    memo = entry.text("MEMO") or ""
    if name and name not in memo:
        return f"{name} {memo}".strip()
    return memo or entry.text("TRNTYPE") or ""


def _balance(told: Aggregate, currency: str) -> Balance:
    return Balance(told.name, _money(told.needed("BALAMT"), currency), _day_of(told, "DTASOF"))


def _currency(told: Text) -> str:
    if told.text not in CURRENCIES:
        raise _refusal(told, f"{shown(told.text)} is not an ISO 4217 currency")
    return told.text


def _money(told: Text, currency: str) -> Money:
    """Read a signed amount; OFX has a point or a comma before the decimals and no thousands."""
    match = _AMOUNT.fullmatch(told.text)
    if match is None:
        raise _refusal(told, f"{shown(told.text)} is not an amount")
    amount = money(match[2].replace(",", "."), currency, told.line, told.field)
    return negative(amount) if match[1] == "-" else amount


def _day_of(told: Aggregate, name: str) -> date | None:
    found = told.texts.get(name)
    return _day(found) if found else None


def _day(told: Text) -> date:
    """Return the day as the bank's clock has it, whatever the zone behind it."""
    match = _DAY.fullmatch(told.text)
    if match is None:
        raise _refusal(told, f"{shown(told.text)} is not a date")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), told.line, told.field)


def _refusal(told: Text, what: str) -> StatementUnreadable:
    return StatementUnreadable.at_line(told.line, told.field, what)
