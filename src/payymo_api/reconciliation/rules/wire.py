"""What a line of the shape of GoCardless Bank Account Data says beyond its amount and its day.

Banks leave fields out and put others in their place; what can't be read is left out here too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from payymo_api.core.money import InvalidAmount, minor_units

Wire = Mapping[str, Any]


def texts(row: Wire) -> tuple[str, ...]:
    """Return the bank's fields, remittance first; pieces stay apart (see `values.Line`)."""
    return tuple(_texts(row))


def _texts(row: Wire) -> Iterator[str]:
    pieces = row.get("remittanceInformationUnstructuredArray")
    if isinstance(pieces, list) and pieces:
        yield "\n".join(each for each in pieces if isinstance(each, str))
    for name in (
        *(() if pieces else ("remittanceInformationUnstructured",)),
        "remittanceInformationStructured",
        "additionalInformation",
    ):
        text = row.get(name)
        if isinstance(text, str) and text:
            yield text


def counterparty_account(row: Wire) -> str | None:
    """Return the other side's IBAN, or whatever number the bank gives in its place."""
    party = row.get("debtorAccount") or row.get("creditorAccount")
    found = (party.get("iban") or party.get("bban")) if isinstance(party, Mapping) else None
    return found if isinstance(found, str) else None


def instructed(row: Wire) -> tuple[int, str] | None:
    """Return what the payer ordered in a currency of his own."""
    exchange = row.get("currencyExchange")
    first = (exchange[0] if exchange else None) if isinstance(exchange, list) else exchange
    ordered = first.get("instructedAmount") if isinstance(first, Mapping) else None
    if not isinstance(ordered, Mapping):
        return None
    try:
        return minor_units(str(ordered["amount"]), ordered["currency"]), ordered["currency"]
    except (InvalidAmount, KeyError, TypeError):
        return None
