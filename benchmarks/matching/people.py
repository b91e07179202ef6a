"""Names of people and firms, and how they are written by the banks of those who pay."""

import tomllib
import unicodedata
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.matching.chance import digits, happens, one_of, weighted
from benchmarks.matching.numbers import iban
from benchmarks.matching.values import Customer, Payer

_HERE = Path(__file__).parent
NAMES: dict[str, Any] = tomllib.loads((_HERE / "people.toml").read_text(encoding="utf-8"))
PHRASES: dict[str, Any] = tomllib.loads((_HERE / "phrases.toml").read_text(encoding="utf-8"))
LANGUAGES = {
    "DE": "de", "AT": "de", "CH": "de", "NL": "nl", "BE": "nl", "GB": "en", "IE": "en", "FR": "fr",
    "ES": "es", "PT": "pt", "DK": "da", "NO": "no", "SE": "sv", "PL": "pl", "CZ": "cs", "IT": "it",
}  # fmt: skip
CURRENCIES = {
    "GB": "GBP",
    "CH": "CHF",
    "DK": "DKK",
    "NO": "NOK",
    "SE": "SEK",
    "PL": "PLN",
    "CZ": "CZK",
}
_SYLLABLES = (
    "ba bri cor dal fen gra hol jun kes lom mir nov oct pel qui ras sto tur vim wo yel zab dru nik"
).split()
_ENDINGS = ("ia", "on", "eo", "ux", "ara", "is", "ent", "ora", "ix", "um")
_PLAIN = str.maketrans("øØłŁßđĐæÆıœŒ", "oOlLsdDaAioO")
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "ss", "ø": "oe",
     "Ø": "OE", "å": "aa", "Å": "AA", "æ": "ae", "Æ": "AE"}
)  # fmt: skip


def plain(text: str) -> str:
    """Return the text without accents."""
    parts = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(each for each in parts if not unicodedata.combining(each))


def german(text: str) -> str:
    """Return the text with umlauts written out, and without other accents."""
    return plain(text.translate(_GERMAN))


def word(rng: Random) -> str:
    return ("".join(rng.sample(_SYLLABLES, 2)) + rng.choice(_ENDINGS)).capitalize()


def unique_word(index: int) -> str:
    """Return a word for each number; longer than any that is drawn."""
    made = ""
    for _ in range(4):
        index, at = divmod(index, len(_SYLLABLES))
        made += _SYLLABLES[at]
    return made.capitalize()


def person(rng: Random, country: str) -> str:
    names = NAMES[country]
    return f"{rng.choice(names['first'])} {rng.choice(names['last'])}"


def company(rng: Random, country: str) -> str:
    names = NAMES[country]
    legal, trade, last = (rng.choice(names[each]) for each in ("legal", "trades", "last"))
    town, initials = rng.choice(names["towns"]), "".join(rng.choices("BCDFGHKLMPRSTV", k=2))
    style = weighted(rng, {"word": 3, "owner": 3, "trade": 2, "town": 2, "letters": 1})
    return {
        "word": f"{word(rng)} {legal}",
        "owner": f"{last} {trade} {legal}",
        "trade": f"{trade} {word(rng)} {legal}",
        "town": f"{trade} {last} {town} {legal}",
        "letters": f"{initials} {trade} {legal}",
    }[style]


def payer(rng: Random, country: str, *, is_person: bool) -> Payer:
    name = person(rng, country) if is_person else company(rng, country)
    return Payer(name, iban(rng, country))


def customer(rng: Random, tenant: str, index: int, country: str, currency: str) -> Customer:
    is_person = happens(rng, 0.4)
    main = payer(rng, country, is_person=is_person)
    third = payer(rng, country, is_person=happens(rng, 0.5)) if happens(rng, 0.12) else None
    return Customer(
        id=f"cus_{tenant}_{index:06d}",
        number=digits(rng, 6),
        name=main.name,
        trading_name=None if is_person or not happens(rng, 0.25) else word(rng),
        country=country,
        is_person=is_person,
        payer=main,
        known=happens(rng, 0.35),
        currency=currency,
        third=third,
    )


def written(rng: Random, who: Customer) -> tuple[str, str]:
    """Return the name as the payer's bank gives it, and whether it is the one on record."""
    if happens(rng, 0.5):
        return who.name, "name_exact"
    return (_person(rng, who.name) if who.is_person else _company(rng, who)), "name_variant"


def _person(rng: Random, name: str) -> str:
    first, last = name.split(" ", 1)
    return one_of(
        rng,
        f"{last} {first}",
        f"{first[0]}. {last}",
        f"{last}, {first}",
        f"{first} {last} & {word(rng)}",
        f"Fam. {first} {last}",
        slip(rng, name),
    )


def _company(rng: Random, who: Customer) -> str:
    bare = who.name.rsplit(" ", 1)[0]
    return one_of(
        rng,
        bare,
        who.trading_name or bare,
        slip(rng, who.name),
        who.name.replace(".", ""),
        f"{who.name} - {word(rng)}",
        german(who.name),
    )


def slip(rng: Random, text: str) -> str:
    """Return the text with one letter lost, doubled or swapped, not at its ends."""
    at = rng.randrange(1, len(text) - 2)
    return one_of(
        rng,
        text[:at] + text[at + 1 :],
        text[:at] + text[at] + text[at:],
        text[:at] + text[at + 1] + text[at] + text[at + 2 :],
    )
