"""Account numbers within a text: IBANs whose length and check digits are right."""

import re
from collections.abc import Iterator

from schwifty import registry

from payymo_api.invoicing.rules.plain import compact

_START = re.compile(r"[A-Z]{2}\d{2}(?=[A-Z0-9 ]{10})")
_LENGTHS: dict[str, int] = {
    country: registry.get_iban_spec(country).iban_length for country in registry.get_countries()
}
"""The IBAN registry's (ISO 13616)."""


def ibans(text: str) -> Iterator[tuple[str, int, int]]:
    """Return the IBANs of a text in capitals, wherever the bank put spaces into them, and where."""
    for found in _START.finditer(text):
        length = _LENGTHS.get(found[0][:2])
        if length is None:
            continue
        places = [
            place
            for place in range(found.start(), min(found.start() + 2 * length, len(text)))
            if text[place] != " "
        ][:length]
        iban = "".join(text[place] for place in places)
        if len(iban) == length and iban.isalnum() and iban.isascii() and _is_valid(iban):
            yield iban, places[0], places[-1] + 1


def spellings(account: str) -> tuple[str, ...]:
    """Return the account as banks may give it: an IBAN also without country and check digits."""
    plain = compact(account)
    return (plain, plain[4:]) if plain[:2] in _LENGTHS else (plain,)


def _is_valid(iban: str) -> bool:
    """ISO 7064 mod 97-10 over the number with its first four characters moved behind."""
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1
