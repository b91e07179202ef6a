"""SWIFT MT940 and its dialects, field by field with the grammar of the mt-940 library.

The library's own loop over a file is not used: it keeps no line numbers, opens what looks like a
path, merges entries without a type code and hangs a :86: behind the balance on the last entry.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from mt940.tags import BalanceBase, FinalOpeningBalance, StatementGLS

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.lines import Balance, BankTransaction
from payymo_api.banking.statements.fields import calendar_day, iban, money, negative, shown
from payymo_api.banking.statements.mt940_details import Details, details_of
from payymo_api.banking.statements.mt940_fields import Field, statement_fields
from payymo_api.banking.statements.statement import (
    Statement,
    StatementAccount,
    StatementFormat,
    doubts,
)
from payymo_api.core.money import CURRENCIES, Money

_ANY_TAG = re.compile(rb"(?:^|[\r\n]|\{4:)(?:\xef\xbb\xbf)?:\d\d[A-Z]?:")
_BALANCE: BalanceBase = FinalOpeningBalance()
_ENTRY = StatementGLS()
_IBAN_CURRENCY = re.compile(r"([A-Z]{2}\d{2}[A-Z0-9]{11,30}?)\s?([A-Z]{3})")
_NO_REFERENCE = {"", "NONREF", "NOREF", "EREF", "PREF", "MARF", "NOTPROVIDED", "KREF+"}
_ACCOUNT_NUMBER = re.compile(r"P?(\d{9,10})")
_LONGEST = 400
"""Characters of a :61: with its supplement; SWIFT allows some 110, and the grammar backtracks."""
_CENTURY = 80
"""Two-digit years from here on are of the 1900s, as SWIFT has it."""


@dataclass(slots=True)
class _Entry:
    line: Field
    details: list[Field] = field(default_factory=list)


def is_mt940(content: bytes) -> bool:
    return _ANY_TAG.search(content) is not None


def read_mt940(content: bytes, filename: str | None) -> list[Statement]:
    statements = [_statement(fields, filename) for fields in statement_fields(content)]
    if not statements:
        raise StatementUnreadable.at_line(1, ":20:", "is missing")
    return statements


def _statement(fields: list[Field], filename: str | None) -> Statement:
    opened, closed = _one(fields, "60F", "60M", "60"), _one(fields, "62F", "62M", "62")
    opening, closing = _balance(opened), _balance(closed)
    number = next((found for found in fields if found.tag in {"28", "28C"}), None)
    account = _account(_one(fields, "25", "25P"), opening.amount.currency)
    lines = tuple(
        _line(entry, opening.amount.currency) for entry in _entries(fields, opened, closed)
    )
    others = tuple(_balance(found) for found in fields if found.tag in {"64", "65"})
    return Statement(
        format=StatementFormat.MT940,
        id=fields[0].value,
        number=number.value if number else None,
        filename=filename,
        account=account,
        from_on=opening.reference_on,
        to_on=closing.reference_on,
        opening=opening,
        closing=closing,
        balances=(opening, closing, *others),
        lines=lines,
        warnings=doubts(account, opening, closing, lines),
    )


def _one(fields: Sequence[Field], *tags: str) -> Field:
    found = [candidate for candidate in fields if candidate.tag in tags]
    if not found:
        raise StatementUnreadable.at_line(
            fields[-1].line,
            f":{tags[0]}:",
            f"is missing from the statement that begins on line {fields[0].line}",
        )
    if len(found) > 1:
        raise found[1].refusal("comes twice in one statement")
    return found[0]


def _account(account: Field, currency: str) -> StatementAccount:
    written = account.value
    if not written:
        raise account.refusal("names no account")
    compact = written.split("\n")[0]
    match = _IBAN_CURRENCY.fullmatch(compact)
    number = iban(match[1] if match and match[2] in CURRENCIES else compact)
    return StatementAccount(number, None if number else compact, currency)


def _balance(balance: Field) -> Balance:
    match = _BALANCE.re.match(balance.value)
    if match is None or match.end() != len(balance.value):
        raise balance.refusal(f"{shown(balance.value)} is no balance")
    currency = match["currency"].upper()
    amount = money(match["amount"].replace(",", "."), currency, balance.line, balance.name)
    day = calendar_day(
        _year(match["year"]), int(match["month"]), int(match["day"]), balance.line, balance.name
    )
    return Balance(balance.tag, _signed(amount, match["status"].upper()), day)


def _entries(fields: list[Field], opened: Field, closed: Field) -> Iterator[_Entry]:
    """Pair each :61: with its :86: and :NS:; behind the balance these tell of the statement."""
    entry: _Entry | None = None
    for current in fields:
        if current.tag == "61":
            if not opened.line < current.line < closed.line:
                raise current.refusal("stands outside the opening and closing balance")
            if entry:
                yield entry
            entry = _Entry(current)
        elif entry and current.tag in {"86", "NS"} and current.line < closed.line:
            entry.details.append(current)
    if entry:
        yield entry


def _line(entry: _Entry, currency: str) -> BankTransaction:
    match = _parsed(entry.line)
    place = (entry.line.line, entry.line.name)
    amount = money(match["amount"].replace(",", "."), currency, *place)
    value_on = _value_day(match, entry.line)
    rows = [row for found in entry.details if found.tag == "86" for row in found.rows]
    details = details_of(rows)
    own, bank = (match["customer_reference"] or "").strip(), (match["bank_reference"] or "").strip()
    more = (match["extra_details"] or "").strip()
    number = iban(details.account) or details.account or _account_in(own) or _account_in(more)
    return BankTransaction(
        booked=True,
        amount=_signed(amount, match["status"].upper()),
        booked_on=_entry_day(match, value_on, entry.line),
        value_on=value_on,
        booked_at=None,
        description=details.description or ("" if _account_in(more) else more),
        reference=details.reference or _reference(own),
        end_to_end_id=details.end_to_end_id,
        counterparty_name=details.name or (more if more and _account_in(own) else None),
        counterparty_iban=iban(number),
        provider_id=None if bank in _NO_REFERENCE else bank,
        internal_id=None,
        raw=_raw(entry, match, details, number),
    )


def _parsed(line: Field) -> re.Match[str]:
    """Match a :61:; a digit behind the amount means that the grammar has cut the amount short."""
    if len(line.value) > _LONGEST:
        raise line.refusal(f"has {len(line.value)} characters, more than any statement line")
    first, *more = line.value.split("\n")
    text = f"{first}\n{' '.join(more)}" if more else first
    match = _ENTRY.re.match(text)
    if match is None:
        raise line.refusal(f"{shown(line.value)} is no statement line")
    if text[match.end("amount") :][:1] in tuple("0123456789,."):
        raise line.refusal(f"{shown(text[match.start('amount') :])} holds no amount")
    return match


def _value_day(match: re.Match[str], line: Field) -> date:
    """Banks that count every month as 30 days write 30 February: then it is the month's last."""
    year, month, day = _year(match["year"]), int(match["month"]), int(match["day"])
    if month == 2 and day in {29, 30}:  # noqa: PLR2004 - the month is February
        day = min(day, monthrange(year, month)[1])
    return calendar_day(year, month, day, line.line, line.name)


def _entry_day(match: re.Match[str], value_on: date, line: Field) -> date:
    """The entry date has no year: it is the one nearest to the value date."""
    month, day = (match["entry_month"] or "").strip(), (match["entry_day"] or "").strip()
    if not month or not day:
        return value_on
    days = [
        calendar_day(year, int(month), int(day), line.line, line.name)
        for year in range(value_on.year - 1, value_on.year + 2)
        if (month, day) != ("02", "29") or monthrange(year, 2)[1] == int(day)
    ]
    if not days:
        raise line.refusal(f"{month}-{day} is not a date near {value_on}")
    return min(days, key=lambda found: abs(found - value_on))


def _signed(amount: Money, status: str) -> Money:
    """C and RD (a debit undone) bring money in; D and RC (a credit undone) take it out."""
    return negative(amount) if status in {"D", "RC"} else amount


def _year(two_digits: str) -> int:
    year = int(two_digits)
    return year + (1900 if year >= _CENTURY else 2000)


def _account_in(text: str) -> str | None:
    match = _ACCOUNT_NUMBER.fullmatch(text)
    return match[1] if match else iban(text)


def _reference(own: str) -> str | None:
    return None if own.upper() in _NO_REFERENCE or _account_in(own) else own


def _raw(
    entry: _Entry, match: re.Match[str], details: Details, number: str | None
) -> dict[str, object]:
    return {
        "line": entry.line.line,
        "reversal": match["status"].upper().startswith("R"),
        "bank_transaction_code": match["id"],
        "funds_code": match["funds_code"],
        "customer_reference": match["customer_reference"],
        "bank_reference": match["bank_reference"],
        "supplementary": match["extra_details"],
        "counterparty_account": number,
        "details": dict(details.parts),
        "fields": [[entry.line.name, entry.line.value]]
        + [[found.name, found.value] for found in entry.details],
    }
