"""What a bank line's text names, and whether two names are the same."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import combining, normalize

MOST_TOKENS = 7
"""An RF reference in groups of four has this many."""
_LONGEST = 35
_SHORTEST = 4
_SHORTEST_DIGITS = 5
"""Fewer digits alone are a year, a day, a house number."""
_WORDS_READ = 60
_TOKEN = re.compile(r"[^\W_]+")
_JOINERS = "-_./"
_LEGAL_FORMS = frozenset(
    "AB AG APS AS BV CO COMPANY CORP CORPORATION EK GBR GMBH INC KG LIMITED LLC LLP LTD NV OHG OY "
    "OYJ PLC SA SARL SAS SE SL SPA SRL THE UG AND UND ET MR MRS MS MISS DR HERR FRAU".split()
)
_LEAST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Named:
    """Consecutive words read as one number: its key, and where it stands in which text."""

    key: str
    text: int
    start: int
    end: int

    def inside(self, other: "Named") -> bool:
        return (
            self.text == other.text
            and other.start <= self.start
            and self.end <= other.end
            and (other.start, other.end) != (self.start, self.end)
        )


def is_telling(key: str) -> bool:
    """A number short enough to stand in any text by chance names nothing."""
    least = _SHORTEST_DIGITS if key.isdigit() else _SHORTEST
    return len(key) >= least and any(each.isdigit() for each in key)


def named(texts: Iterable[str]) -> list[Named]:
    """Return every number that the texts may name.

    Separators don't count and banks break lines anywhere, so neighbouring words are joined too; a
    number that goes on ("INV-7" in "INV-7-1" or in "INV-71") is not read as the shorter one.
    """
    return [found for place, text in enumerate(texts) for found in _named(place, text)]


def _named(place: int, raw: str) -> Iterable[Named]:
    text = normalize("NFKC", raw).upper()
    tokens = list(_TOKEN.finditer(text))[:_WORDS_READ]
    for first, token in enumerate(tokens):
        for last in range(first, min(first + MOST_TOKENS, len(tokens))):
            key = "".join(each[0] for each in tokens[first : last + 1])
            if len(key) > _LONGEST:
                break
            start, end = token.start(), tokens[last].end()
            if is_telling(key) and not _goes_on(text, start, end):
                yield Named(key, place, start, end)


def _goes_on(text: str, start: int, end: int) -> bool:
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    longer_left = (
        len(before) > 1 and before[1] in _JOINERS and before[0].isdigit() and text[start].isdigit()
    )
    longer_right = (
        len(after) > 1
        and after[0] in _JOINERS
        and after[1].isalnum()
        and (after[0] in "-_" or (after[1].isdigit() and text[end - 1].isdigit()))
    )
    return longer_left or longer_right


def shape(key: str) -> str:
    """Return what numbers of one series share: INV1001 and INV999 are INV#; 10001 is #####."""
    return "#" * len(key) if key.isdigit() else re.sub(r"\d+", "#", key)


def name_words(name: str) -> frozenset[str]:
    """Return a name's words without accents, titles and legal forms; empty if little is left."""
    plain = "".join(each for each in normalize("NFKD", name).upper() if not combining(each))
    words = frozenset(_TOKEN.findall(plain.replace(".", ""))) - _LEGAL_FORMS
    return words if sum(map(len, words)) >= _LEAST_LETTERS else frozenset()
