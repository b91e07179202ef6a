"""How alike two names are: a customer's, and the one that the bank gives for who paid.

Banks cut names, drop accents or spell them out (ü is u or ue), leave out the legal form and put
words before and after. None of this makes another payer; a word of the name that is missing or
another one in its place does.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from payymo_api.invoicing.rules.plain import WORD, fold

_ABBREVIATION = re.compile(r"(?:\b[^\W\d_]{1,4}\.)+|\b[^\W\d_]/[^\W\d_]\b")
_DIGRAPH = re.compile(r"[AOU]E")
_LEGAL_FORMS = frozenset(
    "AB AG AKTIEBOLAG APS AS ASA BV BVBA CO COMMV COMPANY COOP CORP CORPORATION CV DOO EF EG EI EK"
    " EURL EV GBR GCV GESMBH GMBH HAFTUNGSBESCHRANKT HANDELSBOLAG HB INC IS IVS KB KFT KFM KG KGAA"
    " KY LDA LIMITED LLC LLP LTD LTDA MBH NV OG OHG OO OY OYJ PARTG PLC PTY SA SAPA SARL SAS SASU"
    " SC SCA SCOOP SCOP SCRL SE SKA SL SLL SLU SNC SP SPA SPJ SPK SPOL SPZOO SR SRL SRLS SRO TMI"
    " UA UG UNIP VOF Z ZOO".split()
)
_FILLERS = frozenset(
    "A AND AT C D DE DEN DER DI DR E EN ET FA FIRM FIRMA FR FRAU FRU HERR HR I LA LE MISS MM MME"
    " MR MRS MS OCH OG O SIG SNR SR SRA THE U UND VAN VON Y".split()
)
_LEAST_LETTERS = 4
_SHORTEST_FUZZY = 5
_SHORTEST_CUT = 8
_MOST_REST = 2
_PAIR = 2


class Likeness(IntEnum):
    """How well a name fits the payer's."""

    NONE = 0
    SHARED = 1
    """Some words are the same, others are not: perhaps a relative or a sister company."""
    INITIAL = 2
    """Surname and the first name's initial."""
    WITHIN = 3
    """The whole name, and other words that tell names apart."""
    NEAR = 4
    """Cut, misspelt, or one word apart."""
    WHOLE = 5
    """Every word of the name, and hardly others."""
    SAME = 6
    """The same name, legal form and all."""


@dataclass(frozen=True, slots=True)
class Name:
    """A customer's name, prepared."""

    words: tuple[str, ...]
    """Without legal forms and fillers."""
    joined: str
    whole: str
    """With legal forms, in order."""

    @property
    def surname(self) -> str:
        return self.words[-1]


def name_words(name: str) -> tuple[str, ...]:
    """Return the words: S.L.U. is SLU, A/S AS; O. keeps apart, leading zeros of a bank are gone."""
    folded = _ABBREVIATION.sub(lambda found: re.sub("[./]", "", found[0]) + " ", fold(name))
    return tuple(word for each in WORD.findall(folded) if (word := each.lstrip("0")))


@lru_cache(maxsize=1 << 17)
def spelt(word: str) -> str:
    """Return the word with ä, ae and a as one: MUELLER is MULLER."""
    return _DIGRAPH.sub(lambda found: found[0][0], word)


@lru_cache(maxsize=1 << 16)
def name_of(text: str) -> Name | None:
    """Prepare a name; None if hardly anything of it tells it from others."""
    every = [spelt(each) for each in name_words(text)]
    words = core(every)
    if sum(map(len, words)) < _LEAST_LETTERS:
        return None
    return Name(words, "".join(words), " ".join(every))


def core(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words that tell a name from others, spelt one way."""
    found = [spelt(each) for each in words]
    return tuple(each for each in found if each not in _LEGAL_FORMS and each not in _FILLERS)


@dataclass(frozen=True, slots=True)
class Heard:
    """Words among which a name may stand: a payer's name, or a whole text."""

    words: tuple[str, ...]
    known: frozenset[str]
    joined: str
    whole: str
    is_name: bool
    """The bank says that it is the payer's name; else other words stand around it."""


def heard(words: Collection[str], *, is_name: bool) -> Heard:
    every = [spelt(each) for each in words]
    kept = core(every)
    return Heard(kept, frozenset(every), "".join(kept), " ".join(every), is_name)


@lru_cache(maxsize=1 << 15)
def likeness(name: Name, payer: Heard) -> Likeness:
    """Return how well the name fits what was heard."""
    if payer.is_name and payer.whole == name.whole:
        return Likeness.SAME
    missing = [each for each in name.words if each not in payer.known]
    if not missing:
        return _whole(name, payer)
    if len(missing) == len(name.words) and not payer.is_name:
        return Likeness.NONE
    if _cut(name, payer) or _joined_alike(name, payer):
        return Likeness.NEAR
    return _in_part(name, payer, missing)


def _whole(name: Name, payer: Heard) -> Likeness:
    if not payer.is_name:
        telling = len(name.words) > 1 or len(name.joined) >= _SHORTEST_FUZZY
        return Likeness.WHOLE if telling else Likeness.SHARED
    rest = [each for each in payer.words if each not in name.words and len(each) > 1]
    if not rest:
        return Likeness.WHOLE
    long_enough = len(name.words) > 1 or len(rest) <= _MOST_REST
    return Likeness.WITHIN if long_enough else Likeness.SHARED


def _cut(name: Name, payer: Heard) -> bool:
    """The bank's field ended before the name did."""
    return (
        payer.is_name
        and len(payer.joined) >= _SHORTEST_CUT
        and (name.joined.startswith(payer.joined) or name.whole.startswith(payer.whole))
    )


def _joined_alike(name: Name, payer: Heard) -> bool:
    """A letter dropped, doubled, wrong or moved, also over a space."""
    if not payer.is_name or len(name.joined) < _SHORTEST_FUZZY:
        return False
    most = 1 if len(name.joined) < _SHORTEST_CUT else 2
    return within(name.joined, payer.joined, most)


def ends(joined: str) -> tuple[str, ...]:
    """Return a name's two ends: one slip leaves one of them as it is."""
    if len(joined) < _SHORTEST_FUZZY:
        return ()
    return ("^" + joined[:_SHORTEST_FUZZY], joined[-_SHORTEST_FUZZY:] + "$")


def _in_part(name: Name, payer: Heard, missing: list[str]) -> Likeness:
    unheard = [each for each in missing if not _misspelt(each, payer.words)]
    if not unheard:
        return Likeness.NEAR
    if len(unheard) == 1 and len(name.words) > 1:
        (word,) = unheard
        if _ends_within(word, payer):
            return Likeness.NEAR
        if word != name.surname and _initial(word, payer):
            return Likeness.INITIAL
    return Likeness.SHARED if len(missing) < len(name.words) else Likeness.NONE


def _ends_within(word: str, payer: Heard) -> bool:
    """The payer's name was cut within this word."""
    ends = payer.words[-1:] if payer.is_name else payer.words
    least = 1 if payer.is_name else _SHORTEST_FUZZY - 1
    return any(len(each) > least and word.startswith(each) for each in ends if each != word)


def _initial(word: str, payer: Heard) -> bool:
    return word[0] in payer.known


def _misspelt(word: str, words: Iterable[str]) -> bool:
    return len(word) >= _SHORTEST_FUZZY and any(within(word, each, 1) for each in words)


def within(one: str, other: str, most: int) -> bool:
    """Tell whether at most `most` letters are wrong, missing, added or swapped with the next.

    The optimal string alignment distance, given up as soon as it is too large.
    """
    if abs(len(one) - len(other)) > most:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    if max(len(one), len(other)) <= 1:
        return bool(one or other) <= most
    if most == 1:
        return one == other[::-1] and one[_PAIR:] == ""
    return (
        within(one[1:], other[1:], most - 1)
        or within(one[1:], other, most - 1)
        or within(one, other[1:], most - 1)
        or (one[:2] == other[:2][::-1] and within(one[2:], other[2:], most - 1))
    )
