"""How an amount closes one or several documents: exactly, with a rest, or in another currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from payymo_api.core.money import decimals
from payymo_api.reconciliation.rules.values import (
    Discount,
    Document,
    Line,
    Rates,
    Share,
    WriteOffReason,
)


class Fit(StrEnum):
    """How what is paid stands to what is open."""

    EXACT = "exact"
    DISCOUNT = "discount"
    ROUNDING = "rounding"
    FEE = "fee"
    PART = "part"
    OVER = "over"
    INSTRUCTED = "instructed"
    """The payer ordered exactly this in the document's currency."""
    RETURN = "return"
    """It goes out again."""
    FOREIGN = "foreign"
    """In another currency, and neither an order nor a rate makes it fit."""
    RATE = "rate"
    """The day's exchange rate makes it about this."""


@dataclass(frozen=True, slots=True)
class Closing:
    fit: Fit
    write_off: int = 0
    """What the documents are closed with beyond the money, in their currency."""
    moved: int = 0
    """Of a document in another currency: how much of it is paid, in that currency."""


_DAYS_OF_GRACE = 3
"""Money travels: a discount is granted this long after its last day."""
_MOST_FEE = 40
"""Major units of a currency worth about as much as a euro; a bank keeps no more of one payment."""
_MOST_FEE_SHARE = Decimal("0.2")
_FEE_STEP = Decimal("0.5")
"""Banks' fees are whole or half units."""
_RATE_TOLERANCE = Decimal("0.025")


def unit(currency: str) -> int:
    """Return the minor units of one major unit."""
    return int(10 ** decimals(currency))


def about(euros: int, currency: str, rates: Rates | None) -> Decimal:
    """Return about so many euros in major units of the currency; the number itself if unknown."""
    if rates is None or currency not in rates.rates or "EUR" not in rates.rates:
        return Decimal(euros)
    return euros * rates.rates[currency] / rates.rates["EUR"]


def _is_off(rest: int, document: Document, terms: Discount) -> bool:
    """Tell whether just the discount is missing of the whole document."""
    off = (Decimal(document.open) * terms.percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return document.open == document.amount and abs(rest - int(off)) <= 1


def _discounted(line: Line, document: Document, rest: int, terms: Discount) -> Closing:
    """A discount taken too late is no fee either: the rest is still to come."""
    last = document.issued_on + timedelta(days=terms.days + _DAYS_OF_GRACE)
    return Closing(Fit.DISCOUNT, rest) if line.booked_on <= last else Closing(Fit.PART)


def closing(line: Line, document: Document, rates: Rates | None) -> Closing:
    """Return how the line closes this one document."""
    if document.currency != line.currency:
        return _foreign(line, document, rates)
    return _less(line, document, rates) if line.amount < document.open else _enough(line, document)


def _enough(line: Line, document: Document) -> Closing:
    over = line.amount - document.open
    if over == 0:
        return Closing(Fit.EXACT)
    return Closing(Fit.ROUNDING if _is_rounding(over, document) else Fit.OVER)


def _is_rounding(difference: int, document: Document) -> bool:
    """Less than a unit of the currency, and no great part of what is open."""
    return difference < unit(document.currency) and difference * 10 < document.open


def _less(line: Line, document: Document, rates: Rates | None) -> Closing:
    rest = document.open - line.amount
    terms = document.discount
    if terms and _is_off(rest, document, terms):
        return _discounted(line, document, rest, terms)
    if _is_rounding(rest, document):
        return Closing(Fit.ROUNDING, rest)
    if _is_fee(rest, document, rates):
        return Closing(Fit.FEE, rest)
    return Closing(Fit.PART)


def _is_fee(rest: int, document: Document, rates: Rates | None) -> bool:
    one = unit(document.currency)
    most = _MOST_FEE * max(Decimal(1), about(1, document.currency, rates)) * one
    step = max(1, int(_FEE_STEP * one))
    return rest % step == 0 and rest <= most and rest <= document.open * _MOST_FEE_SHARE


def _foreign(line: Line, document: Document, rates: Rates | None) -> Closing:
    if line.instructed and line.instructed[1] == document.currency:
        ordered = line.instructed[0]
        fit = Fit.INSTRUCTED if ordered == document.open else Fit.FOREIGN
        return Closing(fit, moved=min(ordered, document.open))
    worth = converted(line.amount, line.currency, document.currency, rates)
    if worth is None:
        return Closing(Fit.FOREIGN, moved=document.open)
    if abs(worth - document.open) <= document.open * _RATE_TOLERANCE:
        return Closing(Fit.RATE, moved=document.open)
    return Closing(Fit.FOREIGN, moved=max(1, min(round(worth), document.open)))


def converted(amount: int, source: str, target: str, rates: Rates | None) -> Decimal | None:
    """Return the amount in minor units of the target currency, None without a rate."""
    if rates is None or source not in rates.rates or target not in rates.rates:
        return None
    return amount * rates.rates[target] / rates.rates[source] * unit(target) / unit(source)


_REASONS: dict[Fit, WriteOffReason] = {
    Fit.DISCOUNT: "discount",
    Fit.FEE: "fee",
    Fit.ROUNDING: "rounding",
}


def shares(line: Line, documents: Sequence[Document], how: Closing) -> tuple[Share, ...]:
    """Return the allocations, signed as `algebra` says."""
    if len(documents) > 1:
        return tuple(_whole(each) for each in documents)
    (document,) = documents
    if how.fit is Fit.RETURN:
        return (Share(document.kind, document.id, line.amount, line.amount),)
    if how.moved:
        return (Share("invoice", document.id, line.amount, how.moved),)
    if line.amount > document.open and how.fit in {Fit.OVER, Fit.ROUNDING}:
        return (_whole(document), *_on_account(line.amount - document.open, document.customer))
    if how.fit is Fit.EXACT:
        return (_whole(document),)
    reason = _REASONS.get(how.fit)
    return (Share("invoice", document.id, line.amount, line.amount, how.write_off, reason),)


def _whole(document: Document) -> Share:
    if document.kind == "credit_note":
        return Share("credit_note", document.id, -document.open, -document.open)
    return Share("invoice", document.id, document.open, document.open)


def _on_account(amount: int, customer: UUID | None) -> tuple[Share, ...]:
    return (Share("on_account", customer, amount, amount),) if customer else ()
