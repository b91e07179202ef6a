"""What names a document: its number and its creditor reference, reduced to letters and digits."""

import re
from unicodedata import normalize

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


def document_keys(number: str, creditor_reference: str | None) -> set[str]:
    """Return what a payer may write to name the document."""
    return {found for text in (number, creditor_reference or "") if (found := key(text))}
