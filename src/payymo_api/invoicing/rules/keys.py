"""What a payer's text is looked up by: whatever in it may name a document or a customer."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from payymo_api.invoicing.rules.accounts import spellings
from payymo_api.invoicing.rules.names import ends, name_of
from payymo_api.invoicing.rules.plain import compact

CustomerKeyKind = Literal["number", "account", "word"]
_SHORTEST_WHOLE = 4
_SHORTEST_DIGITS = 4


@lru_cache(maxsize=1 << 17)
def number_keys(number: str) -> tuple[str | None, str | None]:
    """Return a number's digits and the whole of it, each None where it is too short to tell."""
    whole = compact(number)
    digits = "".join(each for each in whole if each.isdigit())
    is_telling = len(whole) >= _SHORTEST_WHOLE or whole == digits
    return (
        digits if len(digits) >= _SHORTEST_DIGITS else None,
        whole if whole and is_telling else None,
    )


def document_keys(number: str, creditor_reference: str | None, po_number: str | None) -> set[str]:
    """Return what names the document: its number, its digits, its reference, its order."""
    references = (compact(creditor_reference or ""), compact(po_number or ""))
    return {each for each in (*number_keys(number), *references) if each}


def customer_keys(
    number: str | None, names: Iterable[str | None], accounts: Iterable[str]
) -> set[tuple[CustomerKeyKind, str]]:
    """Return what speaks of the customer: its number, its accounts, the words of its names."""
    prepared = [name for text in names if text and (name := name_of(text))]
    found: list[tuple[CustomerKeyKind, str]] = [
        ("number", compact(number or "")),
        *(("account", each) for account in accounts for each in spellings(account)),
        *(("word", word) for name in prepared for word in (*name.words, *ends(name.joined))),
    ]
    return {each for each in found if each[1]}
