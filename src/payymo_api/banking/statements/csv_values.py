"""Dates and amounts as CSV files write them, and what a whole column tells of its order."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from payymo_api.banking.schemas.mappings import DateOrder, DecimalMark

ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
MARKS: tuple[DecimalMark, ...] = (".", ",")
_LONGEST = 60
_MOST_DIGITS = 20
_YEARS = range(1900, 2200)
_CENTURY = 80
"""Two-digit years from here on are of the 1900s."""
_TIME = r"(?:[T ,]+[0-9]{1,2}[:.][0-9]{2}\S*(?: ?[AP]M)?)?"
_NAMED = r"[^\W\d_]{3,9}\.?"
_PARTS = re.compile(
    rf"([0-9]{{1,4}}|{_NAMED})([ ./-]+)([0-9]{{1,2}}|{_NAMED})[ ,./-]+"
    rf"([0-9]{{4}}|[0-9]{{1,2}}){_TIME}",
    re.IGNORECASE,
)
_COMPACT = re.compile(rf"([0-9]{{8}}){_TIME}", re.IGNORECASE)
# English, and where other languages begin otherwise: German, French, Italian, Spanish, Dutch.
_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan gen ene/feb fev/mar mrt mrz maa/apr avr abr/may mai mei mag/jun juin giu/jul juil lug/"
        "aug aou ago/sep set/oct okt ott/nov/dec dez dic".split("/"),
        start=1,
    )
    for name in names.split()
}


def day(text: str, order: DateOrder) -> date | None:
    """Return the date if the text is one in this order; a time behind it is left out."""
    if len(text) > _LONGEST:
        return None
    match = _PARTS.fullmatch(text)
    if match is None:
        return _compact_day(text, order)
    first, mark, second, third = match.groups()
    if not first.isdigit():
        return _date(third, _month(first), second)
    if not second.isdigit():
        return _date(third, _month(second), first)
    if order == "ymd":
        nobody_writes_so = len(first) <= 2 and "." in mark  # noqa: PLR2004  26.10.01 for 2026
        return None if nobody_writes_so else _date(first, int(second), third)
    return _date(third, int(second), first) if order == "dmy" else _date(third, int(first), second)


def _compact_day(text: str, order: DateOrder) -> date | None:
    match = _COMPACT.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    if order == "ymd":
        return _date(digits[:4], int(digits[4:6]), digits[6:])
    first, second, year = digits[:2], digits[2:4], digits[4:]
    return _date(year, int(second), first) if order == "dmy" else _date(year, int(first), second)


def _month(name: str) -> int:
    plain = name.casefold().translate(str.maketrans("äéûü", "aeuu")).rstrip(".")
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3]) or 0


def _date(year: str, month: int, day: str) -> date | None:
    if len(day) > 2:  # noqa: PLR2004  a year stands in its place
        return None
    full = int(year)
    if len(year) <= 2:  # noqa: PLR2004  the century is left out
        full += 1900 if full >= _CENTURY else 2000
    try:
        return date(full, month, int(day)) if full in _YEARS else None
    except ValueError:
        return None


def orders(texts: Sequence[str]) -> list[DateOrder]:
    """Return the orders in which all these texts are dates, one only where they say the same."""
    found = [order for order in ORDERS if all(day(text, order) for text in texts)]
    days = {tuple(day(text, order) for text in texts) for order in found}
    return found[:1] if len(days) == 1 else found


_NUMBER = re.compile(r"([^\d.,]*)([\d.,'\u2019 \u00a0\u202f]*\d)([^\d]*)", re.ASCII)
_UNIT = r"(?:[A-Z]{3}|kr\.?|zł|Kč|Fr\.?|Rs\.?|[A-Z]{0,2}[$€£¥₹₺₽])?"
_BEFORE = re.compile(rf"\s*([+-]?)\s*{_UNIT}\s*([+-]?)\s*")
_BEHIND = re.compile(rf"\s*([+-]?)\s*{_UNIT}\s*(DR|CR|[+-])?\s*", re.IGNORECASE)
_WHOLE = re.compile(
    r"\d+|\d{1,3}(?P<mark>[.,'\u2019 \u00a0\u202f])(?:\d{2,3}(?P=mark))*\d{3}", re.ASCII
)
_MINUS = str.maketrans("\u2212\u2013", "--")  # the minus sign, and the dash in its place


def amount(text: str, mark: DecimalMark) -> Decimal | None:
    """Return the signed amount if the text is one with this mark before its decimals."""
    plain = text.strip().translate(_MINUS)
    if len(plain) > _LONGEST:
        return None
    in_brackets = plain.startswith("(") and plain.endswith(")")
    match = _NUMBER.fullmatch(plain[1:-1] if in_brackets else plain)
    if match is None:
        return None
    before, behind = _BEFORE.fullmatch(match[1]), _BEHIND.fullmatch(match[3])
    number = _number(match[2].strip(), mark)
    if before is None or behind is None or number is None:
        return None
    signs = [sign for sign in (*before.groups(), *behind.groups()) if sign]
    if len(signs) + in_brackets > 1:
        return None
    negative = in_brackets or (bool(signs) and signs[0].upper() in {"-", "DR"})
    return -number if negative else number


def _number(text: str, mark: DecimalMark) -> Decimal | None:
    whole, found, decimals = text.partition(mark)
    match = _WHOLE.fullmatch(whole or "0")
    if match is None or match["mark"] == mark or (found and not decimals.isdecimal()):
        return None
    return Decimal("".join(re.findall(r"\d", whole or "0")) + (f".{decimals}" if found else ""))


def marks(texts: Sequence[str], places: int) -> list[DecimalMark]:
    """Return the decimal marks with which all these texts are amounts of so many decimals."""
    read = {mark: [amount(text, mark) for text in texts] for mark in MARKS}
    found = [mark for mark in MARKS if all(_fits(each, places) for each in read[mark])]
    return found[:1] if len({tuple(read[mark]) for mark in found}) == 1 else found


def _fits(found: Decimal | None, places: int) -> bool:
    """Tell whether it has so many decimals at most; no amount has more than _MOST_DIGITS."""
    if found is None or len(found.as_tuple().digits) > _MOST_DIGITS:
        return False
    return found == round(found, places)


def is_day(cell: str) -> bool:
    return any(day(cell.strip(), order) for order in ORDERS)


def is_amount(cell: str) -> bool:
    return any(amount(cell, mark) is not None for mark in MARKS)


def is_line(cells: Sequence[str]) -> bool:
    """Tell whether a row has a date, and an amount in another cell."""
    days = [is_day(cell) for cell in cells]
    return any(days) and any(
        is_amount(cell) for cell, day in zip(cells, days, strict=True) if not day
    )
