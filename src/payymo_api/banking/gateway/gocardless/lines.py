"""A wire transaction in our words. What banks get wrong here stands with its source in comments."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from payymo_api.banking.gateway import BankTransaction, RejectedLine
from payymo_api.core.money import InvalidAmount, Money

_PLACEHOLDERS = {"", "0", "NOTPROVIDED"}  # actual#2495; ING RO sends NOTPROVIDED on every card row
_PLACEHOLDER_ID = re.compile(
    r"00(DEBIT|CREDIT)\d"  # Nationwide's pending rows; changes on booking
    r"|\d{4}-\d{2}-\d{2}[.-]\d+$"  # a place in the day's list, which shifts (actual#7799)
)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


class Unreadable(ValueError):
    """The line can't be read; the message names the field."""


def read_lines(
    rows: Iterable[object], *, booked: bool
) -> tuple[list[BankTransaction], list[RejectedLine]]:
    """Return what could be read, and the rest with its reasons; no row is lost."""
    read: list[BankTransaction] = []
    rejected: list[RejectedLine] = []
    for row in rows:
        try:
            read.append(read_line(row, booked=booked))
        except Unreadable as error:
            rejected.append(RejectedLine(str(error), row))
    return read, rejected


def read_line(row: object, *, booked: bool) -> BankTransaction:
    """Only transactionAmount is required of a row; Unreadable when money or date make no sense."""
    if not isinstance(row, Mapping):
        raise Unreadable("the row is not an object")
    amount = read_money(row.get("transactionAmount"), "transactionAmount")
    booked_at_text = _text(row.get("bookingDateTime"))
    party = "debtor" if amount.minor > 0 else "creditor"
    name = _text(row.get(f"{party}Name"))
    return BankTransaction(
        booked=booked,
        amount=amount,
        booked_on=_booked_on(_text(row.get("bookingDate")), booked_at_text),
        value_on=_date(_text(row.get("valueDate")) or _text(row.get("valueDateTime"))),
        booked_at=_instant(booked_at_text),
        description=_description(row) or name or "",
        reference=_structured(row),
        end_to_end_id=_id(row.get("endToEndId")),
        counterparty_name=name,
        counterparty_iban=read_iban(_member(row.get(f"{party}Account"), "iban")),
        provider_id=_id(row.get("transactionId")),
        internal_id=_id(row.get("internalTransactionId")),
        raw=row,
    )


def read_money(value: object, field: str) -> Money:
    """Read `{amount, currency}`; Unreadable names `field`."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{field} is missing")
    amount, currency = value.get("amount"), _text(value.get("currency"))
    if isinstance(amount, bool) or not isinstance(amount, str | int):
        raise Unreadable(f"{field}.amount is missing")
    if not currency:
        raise Unreadable(f"{field}.currency is missing")
    try:
        return Money.of(str(amount).strip(), currency.upper())
    except InvalidAmount as error:
        raise Unreadable(f"{field}: {error}") from error


def read_iban(value: object) -> str | None:
    """An IBAN by its looks, without spaces; American Express puts a masked card number here."""
    text = (_text(value) or "").replace(" ", "").upper()
    return text if _IBAN.fullmatch(text) else None


def _booked_on(day: str | None, moment: str | None) -> date | None:
    """The bank's own date, never shifted by zone; None when the bank names none."""
    if not day and not moment:
        return None
    booked_on = _date(day) or _date(moment)
    if booked_on is None:
        raise Unreadable(f"bookingDate {day or moment!r} is not a date")
    return booked_on


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _instant(text: str | None) -> datetime | None:
    """A time without zone is no instant: None, its day is kept in `booked_on`."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


def _description(row: Mapping[str, Any]) -> str | None:
    return _unstructured(row) or _structured(row) or _text(row.get("additionalInformation"))


def _unstructured(row: Mapping[str, Any]) -> str | None:
    """The text; or the array, when it is there alone or goes on where the text was cut.

    Commerzbank cuts the text at 140 characters and the array's items at 35.
    """
    text = _text(row.get("remittanceInformationUnstructured"))
    joined = _text(row.get("remittanceInformationUnstructuredArray"))
    if text and joined and _goes_on(text, joined):
        return joined
    return text or joined


def _goes_on(text: str, joined: str) -> bool:
    short, long = ("".join(value.split()) for value in (text, joined))
    return len(long) > len(short) and long.startswith(short)


def _structured(row: Mapping[str, Any]) -> str | None:
    """A creditor reference: text, an array of texts, or Berlin Group's `{reference}`."""
    one, several = (row.get(f"remittanceInformationStructured{tail}") for tail in ("", "Array"))
    return _text(one) or _text(_member(one, "reference")) or _text(several)


def _text(value: object) -> str | None:
    """The text with its white space made single; the items of an array joined; None if blank."""
    if isinstance(value, list):
        value = " ".join(item for item in value if isinstance(item, str))
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _id(value: object) -> str | None:
    text = str(value).strip() if isinstance(value, str | int) else ""
    return None if text.upper() in _PLACEHOLDERS or _PLACEHOLDER_ID.match(text) else text


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
