"""Text folded to what banks leave of it: capitals without accents."""

import re
from functools import lru_cache
from unicodedata import combining, normalize

WORD = re.compile(r"[^\W_]+")
_LOST = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])")
"""What a bank writes for a letter that it can't."""
_SUBFIELD = re.compile(r"\?(?:[0-5]\d|6[0-3])")
"""MT940 field 86 in its structured form: ?20 to ?29 hold the purpose, ?32 the payer's name."""
_LETTERS = str.maketrans(
    {"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH", "'": "", "\u2019": ""}
)


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return the text in capitals without accents: Ärger, ARGER and ärger are one."""
    if "?" in text:
        text = _LOST.sub("", _SUBFIELD.sub(" ", text))
    if text.isascii():
        return text.upper().replace("'", "")
    raised = normalize("NFKD", text.upper())
    return "".join(each for each in raised if not combining(each)).translate(_LETTERS)


def compact(text: str) -> str:
    """Return letters and digits only, folded: RE-2025/0071 is RE20250071."""
    return "".join(WORD.findall(fold(text)))
