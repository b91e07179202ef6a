"""CSV that a spreadsheet opens as what it is: text stays text, whatever it begins with."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes text that begins so for a formula (OWASP, CSV injection)."""


def lines(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as RFC 4180 says."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(each) for each in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    """Only text may hold a formula: an amount of -5.00 stays a number."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)
