"""What single banks get wrong in a line, put right by their id; what they said stays in `raw`.

Each entry was reported by several projects that read the same bank through the same provider.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase

from payymo_api.banking.lines import BankTransaction
from payymo_api.core.money import InvalidAmount, Money

Correct = Callable[[BankTransaction, str], BankTransaction]
"""Takes a line and its account's currency."""

_BILLED = re.compile(r"billingAmount:\s*(-?\d+(?:\.\d+)?)")
_DAY_FIRST = re.compile(r"\b(\d{2})\.(\d{2})\.(\d{4})\b")
_YEAR_FIRST = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


def corrected(
    told: Sequence[BankTransaction], institution_id: str, currency: str
) -> Sequence[BankTransaction]:
    for pattern, correct in _CORRECTIONS.items():
        if fnmatchcase(institution_id, pattern):
            return [correct(each, currency) for each in told]
    return told


def _swap_dates(told: BankTransaction, _: str) -> BankTransaction:
    if told.booked_on is None or told.value_on is None:
        return told
    return replace(told, booked_on=told.value_on, value_on=told.booked_on)


def _flip_sign(told: BankTransaction, _: str) -> BankTransaction:
    """A card's purchases come as money in, with the shop in additionalInformation."""
    amount = Money(-told.amount.minor, told.amount.currency)
    shop = told.raw.get("additionalInformation")
    name = shop.strip() if isinstance(shop, str) and shop.strip() else told.counterparty_name
    return replace(told, amount=amount, counterparty_name=name)


def _take_billed_amount(told: BankTransaction, currency: str) -> BankTransaction:
    """The amount is that of the purchase abroad; what it cost here stands in the text."""
    found = _BILLED.search(told.description)
    if found is None:
        return told
    try:
        return replace(told, amount=Money.of(found[1], currency))
    except InvalidAmount:
        return told


def _name_from_text(told: BankTransaction, _: str) -> BankTransaction:
    return replace(told, counterparty_name=told.description or told.counterparty_name)


def _day_from_text(told: BankTransaction, _: str) -> BankTransaction:
    """The day of the purchase, where no value date is told."""
    day = _day(told.description) if told.value_on is None else None
    return replace(told, value_on=day) if day else told


def _day(words: str) -> date | None:
    first, last = _YEAR_FIRST.search(words), _DAY_FIRST.search(words)
    try:
        if first:
            return date(int(first[1]), int(first[2]), int(first[3]))
        return date(int(last[3]), int(last[2]), int(last[1])) if last else None
    except ValueError:
        return None


_CORRECTIONS: Mapping[str, Correct] = {
    "MBANK_RETAIL_BREXPLPW": _swap_dates,
    "SEB_KORT_*": _flip_sign,
    "CETELEM_CETMPTP1XXX": _flip_sign,
    "ENTERCARD_SWEDNOKK": _take_billed_amount,
    "KBC_KREDBEBB": _name_from_text,
    "FORTUNEO_FTNOFRP1XXX": _name_from_text,
    "ABANCA_CAGLESMM": _name_from_text,
    "BANCSABADELL_BSABESBBB": _name_from_text,
    "SPARNORD_SPNODK22": _name_from_text,
    "SWEDBANK_HABALV22": _day_from_text,
    "LHV_LHVBEE22": _day_from_text,
}
