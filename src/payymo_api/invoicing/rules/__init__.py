"""Where a document stands, and what its references are worth."""

import re
from typing import Literal
from unicodedata import normalize

Status = Literal["open", "partially_paid", "paid", "void"]
SourceStatus = Literal["void", "uncollectible", "paid_elsewhere"]
"""What a source says of its document beyond its money: `paid_elsewhere` is not by its own means."""

_RF = re.compile(r"RF\d{2}[0-9A-Z]{1,21}", re.ASCII)


def key(text: str) -> str:
    """Return the letters and digits in capitals: "Inv-2026/0042" -> "INV20260042"."""
    return "".join(each for each in normalize("NFKC", text).upper() if each.isalnum())


def is_rf_reference(text: str) -> bool:
    """Check an ISO 11649 reference: RF + two check digits, which make it 1 mod 97 (ISO 7064)."""
    compact = text.replace(" ", "").upper()
    if not _RF.fullmatch(compact):
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def status(settled: int, amount: int, source_status: str | None = None) -> Status:
    """Return the status that the money gives a document, unless its source has closed it."""
    if source_status in {"void", "uncollectible"}:
        return "void"
    if settled == amount or source_status == "paid_elsewhere":
        return "paid"
    return "partially_paid" if settled else "open"
