"""The words of an order to pay: whole numbers, damaged ones, lists of them, or none."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from random import Random

from benchmarks.matching.chance import digits, happens, one_of, weighted
from benchmarks.matching.people import LANGUAGES, PHRASES
from benchmarks.matching.reading import DAY_FORMS, telling_blocks
from benchmarks.matching.values import Customer, Document

_JOINTS = (", ", " + ", " & ", "/", "; ", " ", " - ")
_OCR = {"0": "O", "1": "l", "5": "S", "8": "B", "2": "Z"}
_LEAST_COMMON = 3
_SLIPS = {
    "digits_only": 24,
    "separators": 17,
    "split": 16,
    "wrong_digit": 8,
    "last_block": 13,
    "transposed": 11,
    "cut": 11,
    "ocr": 10,
}
_CHARGES = ("OUR/SHA CHARGES", "CHGS BEN", "SHA", "BEN", "COMM DEDUCTED")


def language(rng: Random, customer: Customer | None, home: str) -> str:
    """Return what is written in: the customer's language, at times the tenant's or English."""
    own = LANGUAGES[customer.country if customer else home]
    return weighted(rng, {own: 8, LANGUAGES[home]: 1, "en": 1})


def say(rng: Random, spoken: str, kind: str, on: date, **slots: object) -> str:
    """Return a phrase of this kind with its slots filled; those not given are drawn."""
    months = PHRASES[spoken]["months"]
    filled = {
        "o": digits(rng, 7),
        "c": digits(rng, 6),
        "d": on.strftime(rng.choice(DAY_FORMS)),
        "m": months[on.month - 1],
        "t": 1,
        "n": digits(rng, 6),
    }
    return str(rng.choice(PHRASES[spoken][kind]).format(**filled | slots)).strip()


def with_number(rng: Random, document: Document, home: str, number: str | None = None) -> str:
    """Return a text that names the document by its number, or by what became of it."""
    return say(
        rng,
        language(rng, document.customer, home),
        "numbered",
        document.issued,
        n=number or document.number,
        c=document.customer.number,
        o=document.po,
    )


def nothing_said(rng: Random, document: Document, home: str) -> str:
    return say(rng, language(rng, document.customer, home), "plain", document.issued)


def without_number(rng: Random, document: Document, home: str) -> tuple[str, str]:
    """Return a text that names no document, and what it tells all the same."""
    spoken = language(rng, document.customer, home)
    kind = weighted(rng, {"plain": 6, "customer": 2, "dated": 1.5})
    text = say(rng, spoken, kind, document.issued, c=document.customer.number)
    return text, {"customer": "customer_no"}.get(kind, "none")


def of_period(rng: Random, document: Document, home: str) -> str:
    spoken = language(rng, document.customer, home)
    return say(rng, spoken, "period", document.issued)


def part_of(rng: Random, document: Document, home: str, *, last: bool) -> str:
    spoken = language(rng, document.customer, home)
    return say(rng, spoken, "rest" if last else "part", document.issued, i=1, j=rng.randrange(2, 5))


def discount_of(rng: Random, document: Document, home: str) -> str:
    percent = document.discount[0] if document.discount else 0
    spoken = language(rng, document.customer, home)
    return say(rng, spoken, "discount", document.issued, q=percent)


def charges(rng: Random) -> str:
    return rng.choice(_CHARGES)


def damaged(rng: Random, number: str) -> tuple[str, str]:
    """Return the number with a slip of the payer's, and what kind of slip it is."""
    made, kind = number, ""
    while made in ("", number):
        kind = weighted(rng, _SLIPS)
        made = _MADE[kind](rng, number)
    return made, kind


def _digits_only(_: Random, number: str) -> str:
    return "".join(each for each in number if each.isdigit())


def _separators(rng: Random, number: str) -> str:
    other = one_of(rng, " ", ".", "_", "")
    return "".join(each if each.isalnum() else other for each in number)


def _split(rng: Random, number: str) -> str:
    at = rng.randrange(2, len(number) - 1)
    return f"{number[:at]} {number[at:]}"


def _wrong_digit(rng: Random, number: str) -> str:
    at = rng.choice([at for at, each in enumerate(number) if each.isdigit()])
    return number[:at] + str((int(number[at]) + rng.randrange(1, 10)) % 10) + number[at + 1 :]


def _last_block(_: Random, number: str) -> str:
    return [*telling_blocks(number), ""][0]


def _transposed(_: Random, number: str) -> str:
    for at in range(len(number) - 1, 0, -1):
        pair = number[at - 1 : at + 1]
        if pair.isdigit() and pair[0] != pair[1]:
            return number[: at - 1] + pair[::-1] + number[at + 1 :]
    return ""


def _cut(rng: Random, number: str) -> str:
    return number[: -rng.randrange(1, 3)] if len(number) > 2 * _LEAST_COMMON else ""


def _ocr(_: Random, number: str) -> str:
    for at in range(len(number) - 1, -1, -1):
        if number[at] in _OCR:
            return number[:at] + _OCR[number[at]] + number[at + 1 :]
    return ""


_MADE = {
    "digits_only": _digits_only,
    "separators": _separators,
    "split": _split,
    "wrong_digit": _wrong_digit,
    "last_block": _last_block,
    "transposed": _transposed,
    "cut": _cut,
    "ocr": _ocr,
}


def several(rng: Random, numbers: Sequence[str]) -> tuple[str, str]:
    """Return numbers in one text, and whether each stands whole or what they share once."""
    joint = rng.choice(_JOINTS)
    if happens(rng, 0.7):
        return joint.join(numbers), "full"
    return _shortened(numbers, joint), "list"


def _shortened(numbers: Sequence[str], joint: str) -> str:
    """Write what all begin with only once; and a row of neighbours as from-to."""
    first = numbers[0]
    rest = [_tail(first, each) for each in numbers[1:]]
    run = all(_is_next(a, b) for a, b in pairwise(numbers))
    if run and len(numbers) >= _LEAST_COMMON:
        return f"{first}-{rest[-1]}"
    return joint.join([first, *rest])


def _tail(first: str, other: str) -> str:
    """Return what of `other` is not in `first`, at least its last two characters."""
    if len(first) != len(other):
        return other
    common = 0
    while first[common] == other[common]:
        common += 1
    tail = other[min(common, len(other) - 2) :]
    return tail if tail.isdigit() else other


def _is_next(one: str, other: str) -> bool:
    return one.isdigit() and other.isdigit() and int(other) - int(one) == 1
