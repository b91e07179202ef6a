"""What a careful person makes of a text: numbers whole or damaged, names, months, dates."""

import re

from benchmarks.matching.people import LANGUAGES, PHRASES, german, plain
from benchmarks.matching.values import Customer, Document, Seen

_WORD = re.compile(r"[a-z0-9?]+")
_DIGITS = re.compile(r"\d+")
_YEAR = re.compile(r"20[23]\d")
_SQUEEZE = re.compile(r"[^a-z0-9]")
_LOOKS = str.maketrans("oilsbz", "011582")
_LEAST_BLOCK = 3
_LEAST_DIGITS = 4
_LEAST_SQUEEZED = 5
_LONG_WORD = 5
_CUT = 0.6
DAY_FORMS = ("%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%y", "%d-%m-%Y")
"""How people write days."""


def fold(text: str) -> str:
    return plain(text.replace("ß", "ss")).casefold()


def words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def squeeze(text: str) -> str:
    return _SQUEEZE.sub("", fold(text))


def stands(needle: str, text: str) -> bool:
    """Say whether the needle stands in the text with neither letter nor digit beside it."""
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if not text[at - 1 : at].isalnum() and not text[end : end + 1].isalnum():
            return True
        at = text.find(needle, at + 1)
    return False


def names_whole(document: Document, text: str) -> bool:
    """Say whether the folded text holds the number or the structured reference, whole."""
    if stands(document.number.casefold(), text):
        return True
    return document.reference is not None and document.reference.casefold() in text


def names_damaged(document: Document, seen: Seen) -> bool:
    """Say whether the number still shows: without separators, in part, or with one slip."""
    number, found = fold(document.number), words(seen.text)
    short, text = squeeze(document.number), squeeze(seen.text)
    if len(short) >= _LEAST_SQUEEZED and short in text:
        return True
    if len(short) >= _LEAST_SQUEEZED and short.translate(_LOOKS) in text.translate(_LOOKS):
        return True
    digits = "".join(each for each in short if each.isdigit())
    if digits in found or any(block in found for block in telling_blocks(number)):
        return True
    if any(_one_slip(digits, each) or _one_slip(short, each) for each in found):
        return True
    last = squeeze(seen.purpose.split(" ")[-1])
    least = max(_LEAST_DIGITS, int(len(short) * _CUT))
    return len(last) >= least and short.startswith(last)


def telling_blocks(number: str) -> list[str]:
    """Return the digits between separators that tell a number from others, the last first."""
    blocks = [each for each in _DIGITS.findall(number) if len(each) >= _LEAST_BLOCK]
    return [each for each in reversed(blocks) if not _YEAR.fullmatch(each)]


def _one_slip(right: str, found: str) -> bool:
    """Say whether one character is wrong, or two neighbours are swapped."""
    if len(right) != len(found) or len(right) < _LEAST_DIGITS:
        return False
    wrong = [at for at, pair in enumerate(zip(right, found, strict=True)) if pair[0] != pair[1]]
    if len(wrong) == 1:
        return True
    swapped = [right[at] for at in wrong] == [found[at] for at in reversed(wrong)]
    return len(wrong) == 2 and wrong[1] - wrong[0] == 1 and swapped  # noqa: PLR2004  a pair


def tells_time(document: Document, seen: Seen) -> bool:
    """Say whether the text names the month or the day of the document."""
    text = fold(seen.purpose)
    if any(document.issued.strftime(form) in text for form in DAY_FORMS):
        return True
    language = LANGUAGES[document.customer.country]
    names = {fold(PHRASES[each]["months"][document.issued.month - 1]) for each in PHRASES}
    own = fold(PHRASES[language]["months"][document.issued.month - 1])
    found = words(seen.purpose)
    return own in found or any(each in names for each in found)


def fits(customer: Customer, name: str) -> bool:
    """Say whether a name, as a bank wrote it, may be this customer's."""
    found = words(name)
    if not found:
        return False
    if customer.is_person:
        first, *last = words(customer.name)
        given = any(_alike(first, each) or each == first[0] for each in found)
        return given and all(any(_alike(part, each) for each in found) for part in last)
    names = [words(customer.name), words(german(customer.name))]
    if customer.trading_name:
        names.append(words(customer.trading_name))
    return any(_fits_company(own, found) for own in names)


def _fits_company(own: list[str], found: list[str]) -> bool:
    telling = [each for each in own if len(each) >= _LEAST_BLOCK] or own
    kept = telling[: len(found)] if len(found) < len(telling) else telling
    distinct = kept[:2]
    return all(any(_alike(part, each) for each in found) for part in distinct)


def _alike(own: str, found: str) -> bool:
    """Say whether two words are one, cut or with one slip."""
    if own == found:
        return True
    if len(own) < _LONG_WORD:
        return len(own) == len(found) and "?" in found and _differences(own, found) <= 1
    if own.startswith(found) and len(found) >= _LEAST_DIGITS:
        return True
    if len(own) == len(found):
        return _differences(own, found) <= 1 or _one_slip(own, found)
    long, short = sorted((own, found), key=len, reverse=True)
    lost = len(long) - len(short) == 1
    return lost and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _differences(left: str, right: str) -> int:
    return sum(a != b for a, b in zip(left, right, strict=True))
