"""How a document's number stands in a text: whole, in part, or damaged."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import groupby

from payymo_api.invoicing.rules.keys import number_keys
from payymo_api.invoicing.rules.names import within
from payymo_api.invoicing.rules.plain import compact
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.schemes import schemes_of, strong
from payymo_api.reconciliation.rules.values import Document

_SHORTEST_DAMAGED = 4
_SHORTEST_DIGITS = 4
_SHORTEST_REFERENCE = 7
_SHORTEST_TAIL = 2
_MOST_LACKING = 2
_LOOKALIKES = str.maketrans("OQDILSBZG", "000115826")
"""What a reader of paper takes for a digit."""


class Named(IntEnum):
    """How a text names a document, weakest first."""

    CUT = 1
    """The text ends within the number."""
    TAIL = 2
    """Only the number's last block of digits."""
    NEAR = 3
    """One character is wrong, missing, added or swapped with the next, or misread."""
    DIGITS = 4
    """Its digits, without its letters."""
    WHOLE = 5
    """Its number."""
    REFERENCE = 6
    """Its creditor reference."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """A number, prepared."""

    whole: str
    digits: str
    tail: str
    """The last block of digits without leading zeros."""
    shape: tuple[tuple[bool, int], ...]
    """Lengths of its runs of digits and of letters."""
    misread: str


@lru_cache(maxsize=1 << 17)
def numbering(number: str) -> Numbering:
    whole = compact(number)
    digits = "".join(each for each in whole if each.isdigit())
    blocks = "".join(each if each.isdigit() else " " for each in number).split()
    shape = tuple((is_digit, len(list(run))) for is_digit, run in groupby(whole, str.isdigit))
    return Numbering(
        whole, digits, blocks[-1].lstrip("0") if blocks else "", shape, whole.translate(_LOOKALIKES)
    )


def document_keys(document: Document) -> dict[str, Named]:
    """Return what names the document if it stands in a text."""
    keys: dict[str, Named] = {}
    digits, whole = number_keys(document.number)
    if digits:
        keys[digits] = Named.DIGITS
    if whole:
        keys[whole] = Named.WHOLE
    if document.creditor_reference:
        keys[compact(document.creditor_reference)] = Named.REFERENCE
    return keys


def named(reading: Reading, document: Document) -> Named | None:
    """Return how the text names the document, at its best."""
    best = max(
        (how for key, how in document_keys(document).items() if key in reading.keys), default=None
    )
    return best or damaged(reading, document)


def damaged(reading: Reading, document: Document) -> Named | None:
    number = numbering(document.number)
    if len(number.whole) >= _SHORTEST_DAMAGED and _near(reading, number):
        return Named.NEAR
    if document.creditor_reference and _is_near_reference(reading, document.creditor_reference):
        return Named.NEAR
    if (
        number.tail != number.digits
        and len(number.tail) >= _SHORTEST_TAIL
        and _tail(reading, number)
    ):
        return Named.TAIL
    if _cut(reading, number):
        return Named.CUT
    return None


def _near(reading: Reading, number: Numbering) -> bool:
    length = len(number.whole)
    for key in reading.keys:
        if abs(len(key) - length) > 1:
            continue
        if within(key, number.whole, 1) or key.translate(_LOOKALIKES) == number.misread:
            return True
    return False


def _is_near_reference(reading: Reading, reference: str) -> bool:
    """One slip off the reference, and its check digits show the slip."""
    whole = compact(reference)
    if len(whole) < _SHORTEST_REFERENCE:
        return False
    return any(
        abs(len(key) - len(whole)) <= 1 and within(key, whole, 1) and not schemes_of(key)
        for key in reading.keys
    )


def _tail(reading: Reading, number: Numbering) -> bool:
    return any(digits.lstrip("0") == number.tail for _, _, digits in reading.numbers)


def _cut(reading: Reading, number: Numbering) -> bool:
    return any(
        _is_cut(key, number.whole, 0, last=stretch.last)
        or _is_cut(key, number.digits, _SHORTEST_DIGITS, last=stretch.last)
        for key, stretch in reading.keys.items()
    )


def _is_cut(key: str, whole: str, least: int, *, last: bool) -> bool:
    """Within the text a number may lack its end too, but no more of it: other words follow."""
    lacking = len(whole) - len(key)
    return (
        len(key) >= least
        and lacking > 0
        and (last or lacking <= _MOST_LACKING)
        and whole.startswith(key)
    )


def another(reading: Reading, documents: Iterable[Document]) -> bool:
    """Tell whether the text names some other number of the documents' own series."""
    known = list(documents)
    numbers = [numbering(each.number) for each in known]
    wholes = [each.whole for each in numbers]
    references = {compact(each.creditor_reference or "") for each in known}
    return any(
        _is_reference(key, references)
        or (_same_series(key, numbers) and not any(_nearly(key, whole) for whole in wholes))
        for key, stretch in reading.keys.items()
        if not stretch.date
    )


def _is_reference(key: str, own: Collection[str]) -> bool:
    """A reference of ISO 11649, right to its check digits, and none of these documents'."""
    return key.startswith("RF") and key not in own and strong(key)


def _nearly(key: str, whole: str) -> bool:
    """One slip apart, or cut short of its last two characters with others glued to it."""
    return key[:-2] == whole[:-2] or within(key, whole, 1)


def _same_series(key: str, numbers: Iterable[Numbering]) -> bool:
    return any(
        len(key) == len(each.whole) >= _SHORTEST_DAMAGED
        and key[:2] == each.whole[:2]
        and numbering(key).shape == each.shape
        for each in numbers
    )


def hints_at(reading: Reading, one: Document, other: Document) -> bool:
    """Tell whether the text holds the beginning or the end of one's number, not of the other's."""
    mine, others = numbering(one.number).whole, numbering(other.number).whole
    return any(
        (mine.startswith(key) and not others.startswith(key))
        or (mine.endswith(key) and not others.endswith(key))
        for key, stretch in reading.keys.items()
        if not stretch.date
    )
