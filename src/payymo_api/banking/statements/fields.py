"""Amounts, days and account numbers as statement files write them; each refusal names its place."""

import re
from datetime import date, datetime

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.core.money import InvalidAmount, Money

# Eighteen digits are ISO 20022's most; the bound also keeps Decimal exact.
_AMOUNT = re.compile(r"\d{1,18}(?:\.\d{0,10})?|\.\d{1,10}", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}\S*", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_YEARS = range(1900, 2200)
_SHOWN = 40


def money(text: str, currency: str, line: int, field: str) -> Money:
    """Read an unsigned amount with a decimal point."""
    if not _AMOUNT.fullmatch(text):
        raise StatementUnreadable.at_line(line, field, f"{shown(text)} is not an amount")
    try:
        return Money.of(text, currency)
    except InvalidAmount as error:
        raise StatementUnreadable.at_line(line, field, f"{shown(text)}: {error}") from error


def negative(amount: Money) -> Money:
    return Money(-amount.minor, amount.currency)


def calendar_day(year: int, month: int, day: int, line: int, field: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        text = f"{year:04}-{month:02}-{day:02}"
        raise StatementUnreadable.at_line(line, field, f"{text} is not a date") from error
    if found.year not in _YEARS:
        raise StatementUnreadable.at_line(line, field, f"{found} is not a date of this age")
    return found


def iso_day(text: str, line: int, field: str) -> date:
    """Read an xs:date or the day of an xs:dateTime, as the bank's clock has it."""
    moment = _MOMENT.fullmatch(text)
    match = _DAY.fullmatch(moment[1] if moment else text)
    if match is None:
        raise StatementUnreadable.at_line(line, field, f"{shown(text)} is not a date")
    return calendar_day(int(match[1]), int(match[2]), int(match[3]), line, field)


def iso_moment(text: str, line: int, field: str) -> datetime | None:
    """Read an xs:dateTime; None without a zone, for then the moment is not known."""
    iso_day(text, line, field)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise StatementUnreadable.at_line(line, field, f"{shown(text)} is no time") from error
    return moment if moment.tzinfo else None


def iban(text: str | None) -> str | None:
    """Return the IBAN, compact, if the text has the shape of one; check digits are not tested."""
    compact = "".join((text or "").split()).upper()
    return compact if _IBAN.fullmatch(compact) else None


def shown(text: str) -> str:
    """Quote what the file says, short enough for a sentence."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
