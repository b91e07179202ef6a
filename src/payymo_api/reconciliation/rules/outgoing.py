"""What money out may be for: a credit note paid back, or a payment that returned."""

from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Closing, Fit
from payymo_api.reconciliation.rules.features import payer_class
from payymo_api.reconciliation.rules.hypotheses import MOST_ALIKE
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.marks import strength
from payymo_api.reconciliation.rules.numbering import Named, named
from payymo_api.reconciliation.rules.payer import Payers
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.scene import Hypothesis
from payymo_api.reconciliation.rules.values import Document, Evidence

NONE = ("none:out",)
"""What speaks for the line being for no document."""


def outgoing(reading: Reading, index: Index) -> list[Hypothesis]:
    """Return the open credit notes of exactly this amount, and what was paid with as much."""
    currency, amount = reading.line.currency, -reading.line.amount
    notes = index.owed(currency, -amount)
    candidates = [
        *(document for key in reading.keys for document in index.named(key)),
        *(index.documents[id] for id in notes if len(notes) <= MOST_ALIKE),
        *islice(index.paid(currency, amount), MOST_ALIKE),
    ]
    found = {each.id: each for each in candidates if _fits(each, currency, amount)}
    return [Hypothesis((each,), Closing(Fit.RETURN)) for each in found.values()]


def _fits(document: Document, currency: str, amount: int) -> bool:
    if document.currency != currency or document.void:
        return False
    if document.kind == "credit_note":
        return document.open == amount
    return document.amount - document.open >= amount


def features(reading: Reading, payers: Payers, found: Sequence[Hypothesis]) -> list[list[str]]:
    """Return what speaks for each hypothesis, in their order."""
    names = {each.documents[0].id: named(reading, each.documents[0]) for each in found}
    return [_features(each, payers, names, found) for each in found]


def _features(
    each: Hypothesis,
    payers: Payers,
    names: dict[UUID, Named | None],
    found: Sequence[Hypothesis],
) -> list[str]:
    (document,) = each.documents
    how = names[document.id]
    reference = strength(how.name if how else "NONE")
    payer = payer_class(payers.grade(each.customer))
    marks = [
        f"out:{document.kind}",
        f"out:ref:{reference}",
        f"out:payer:{payer}",
        f"out:ref+payer:{reference}:{payer}",
    ]
    if reference == "strong":
        return marks
    if any((other or 0) >= Named.DIGITS for other in names.values()):
        marks.append("out:names_other")
    equals = sum(payer_class(payers.grade(other.customer)) == payer for other in found) - 1
    if equals:
        marks.append(f"out:alike:{min(equals, 2)}")
    return marks


def evidence(each: Hypothesis) -> tuple[Evidence, ...]:
    """Return what speaks for it, in words for a bookkeeper."""
    number = each.documents[0].number
    if each.documents[0].kind == "credit_note":
        return (Evidence("refund", f"The amount is exactly what is to be paid back of {number}."),)
    return (Evidence("return", f"As much was paid for {number} before, and goes back."),)
