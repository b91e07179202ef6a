"""Account numbers within a text: IBANs whose length and check digits are right."""

import re
from collections.abc import Iterator

from schwifty import registry

_START = re.compile(r"[A-Z]{2}\d{2}(?=[A-Z0-9 ]{10})")
_LENGTHS: dict[str, int] = {
    country: registry.get_iban_spec(country).iban_length for country in registry.get_countries()
}
"""The IBAN registry's (ISO 13616)."""


def ibans(text: str) -> Iterator[str]:
    """Return the IBANs of a text in capitals, wherever the bank put spaces into them."""
    for found in _START.finditer(text):
        length = _LENGTHS.get(found[0][:2])
        if length is None:
            continue
        rest = text[found.start() : found.start() + 2 * length].replace(" ", "")[:length]
        if len(rest) == length and rest.isalnum() and rest.isascii() and _is_valid(rest):
            yield rest


def spellings(account: str) -> tuple[str, ...]:
    """Return the account as banks may give it: an IBAN also without country and check digits."""
    return (account, account[4:]) if account[:2] in _LENGTHS else (account,)


def _is_valid(iban: str) -> bool:
    """ISO 7064 mod 97-10 over the number with its first four characters moved behind."""
    return int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 == 1
