"""Readable merchants: what a bank wraps around a shop's name is taken off, the name stays."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 80
_LOOKED_AT: Final = 200
"""A name stands in front; what a bank may send behind it must not cost time."""
_MOST_ROUNDS: Final = 20

# What the paying side puts in front of the name.
_PREFIX: Final = re.compile(
    r"^(?:(?:card|pos|contactless|debit card|visa|mastercard|maestro|girocard|online|internet)"
    r" (?:payment|purchase|transaction|debit)(?: (?:to|at|from))?"
    r"|direct debit(?: (?:to|payment))?|standing order(?: to)?|faster payment(?: (?:to|from))?"
    r"|bill payment(?: to)?|sepa (?:direct debit|credit transfer|lastschrift|überweisung)"
    r"|kartenzahlung|lastschrift|paiement (?:par )?carte|achat cb|prlv(?: sepa)?|vir(?: sepa)?"
    r"|pago con tarjeta|compra(?: tarjeta)?|pagamento (?:pos|carta)|betaalautomaat)"
    r"(?:[\s:,-]+|$)",
    re.IGNORECASE,
)
# Payment services that stand before the shop they collect for: "SumUp  *Corner Cafe".
_COLLECTOR: Final = re.compile(
    r"^(?:paypal|pp|sumup|su|sq|square|zettle|izettle|iz|stripe|klarna|mollie|adyen|sp|tst"
    r"|google|apple)\s*\*\s*",
    re.IGNORECASE,
)
# "//BERLIN/DE", and the order number behind a star: "AMZN Mktp UK*1A2B3C".
_AFTER_SLASHES: Final = re.compile(r"\s*//.*$")
_AFTER_STAR: Final = re.compile(r"\s*\*\s*(?=\w*\d)[\w-]*$")
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATE: Final = re.compile(
    r"(?:\bon\s+)?(?<![\w.])(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?"
    rf"|\d{{1,2}}[ -]?{_MONTH}(?:[ -]?\d{{2,4}})?|\d{{1,2}}:\d{{2}}(?::\d{{2}})?)(?![\w])",
    re.IGNORECASE,
)
_CARD: Final = re.compile(
    r"(?:\b(?:card|karte|carte|cd|cb)\s*(?:no\.?|ending|nr\.?)?\s*)?(?<!\w)[x*]{2,}\s?\d{2,6}\b"
    r"|\b(?:card|karte|carte|cd|cb)\s*(?:no\.?|ending|nr\.?)?\s*\d{4}\b",
    re.IGNORECASE,
)
_CITY: Final = (
    r"(?:amsterdam|antwerp|athens|barcelona|belfast|berlin|birmingham|bristol|brussels|budapest"
    r"|cardiff|cologne|copenhagen|cork|dublin|edinburgh|frankfurt|geneva|glasgow|hamburg|helsinki"
    r"|köln|leeds|leipzig|lisbon|liverpool|london|luxembourg|lyon|madrid|manchester|milan|milano"
    r"|münchen|munich|newcastle|nottingham|oslo|oxford|paris|porto|prague|rome|roma|rotterdam"
    r"|sheffield|stockholm|stuttgart|turin|valencia|vienna|warsaw|wien|zurich|zürich)"
)
_COUNTRY: Final = (
    r"(?:gb|gbr|uk|de|deu|fr|fra|nl|nld|ie|irl|es|esp|it|ita|pt|prt|be|bel|at|aut|ch|che|lu|lux"
    r"|dk|dnk|swe|nor|fi|fin|pl|pol|cz|cze|us|usa)"
)
# The number of a branch or terminal, and the place behind it: "TESCO STORES 3297 LONDON GB".
_BRANCH_AND_PLACE: Final = re.compile(
    rf"(?<=\w)[\s,]+#?\d{{3,}}(?:[\s,]+[^\W\d]+){{0,3}}[\s,]+(?:{_CITY}|{_COUNTRY})"
    rf"(?:[\s,]+{_COUNTRY})?$",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(rf"(?<=\w)[\s,]+{_CITY}[\s,]+{_COUNTRY}$", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    r"(?<=\w)[\s,#:-]+(?:(?:ref|no|nr|term|terminal|store|id)[.:\s]*)?#?"
    r"(?:\d{4,}|(?=[a-z0-9-]*\d[a-z0-9-]*\d[a-z0-9-]*\d)(?=[\d-]*[a-z])[a-z0-9-]{7,}|#\d+)$",
    re.IGNORECASE,
)
_DIGIT: Final = re.compile(r"\d")
_EDGES: Final = " \t,;:/*#+-_|"

_SPELLED: Final = {
    name.casefold(): name
    for name in (
        "Ltd Limited Inc Corp LLC LLP PLC GmbH mbH AG KG OHG UG SE SA SAS SARL SL SRL SpA BV NV AB"
        " AS ApS Oy OyJ and of for UK USA EU"
    ).split()
}


def merchant(counterparty_name: str | None, description: str) -> str | None:
    """Return whom the money came from or went to; None where neither text has a letter."""
    for text in (counterparty_name, description):
        if text and _has_letter(text):
            return cleaned(text)
    return None


@lru_cache(maxsize=4096)
def cleaned(text: str) -> str:
    """Clean until nothing changes any more, so that cleaning twice is cleaning once."""
    for _ in range(_MOST_ROUNDS):
        before, text = text, _cased(_stripped(text))
        if text == before:
            break
    return text


def _stripped(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", text).split()).strip(_EDGES)
    text = _cut(text, _LOOKED_AT)
    text = _without(_PREFIX, text)
    if "*" in text or "/" in text:
        for pattern in (_COLLECTOR, _AFTER_SLASHES):
            text = _without(pattern, text)
    if _DIGIT.search(text):
        for pattern in (_CARD, _DATE, _AFTER_STAR, _BRANCH_AND_PLACE, _REFERENCE):
            text = _without(pattern, text)
    return _cut(_without(_PLACE, text), LONGEST)


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Take off what the pattern finds, unless no name would be left."""
    rest, found = pattern.subn(" ", text)
    if not found:
        return text
    rest = " ".join(rest.split()).strip(_EDGES)
    return rest if _has_letter(rest) else text


def _cut(text: str, most: int) -> str:
    """Return at most so many characters: whole words where that leaves a letter."""
    if len(text) <= most:
        return text
    if not _has_letter(text[:most]):
        first = next((at for at, each in enumerate(text) if each.isalpha()), 0)
        return text[first : first + most]
    words = text[: most + 1].rpartition(" ")[0]
    return words if _has_letter(words) else text[:most]


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _cased(text: str) -> str:
    """Give capitals to a name in one case only; a name in mixed case is as its owner writes it."""
    if text.upper() != text and text.lower() != text:
        return text
    return " ".join(_word(each) for each in text.split(" "))


def _word(word: str) -> str:
    """Spell known endings as they are spelled; short words and abbreviations stay."""
    bare = word.strip(".,").casefold()
    if bare in _SPELLED:
        return word.casefold().replace(bare, _SPELLED[bare])
    if not re.search("(?=...).*[aeiouyäöüéèàåø]", bare):
        return word
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))
