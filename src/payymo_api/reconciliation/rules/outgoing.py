"""What money out may be for: a credit note paid back, or a payment that returned."""

from collections.abc import Sequence
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Closing, Fit
from payymo_api.reconciliation.rules.features import payer_class, strength
from payymo_api.reconciliation.rules.hypotheses import Hypothesis
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.numbering import Named, damaged
from payymo_api.reconciliation.rules.numbering import named as named_how
from payymo_api.reconciliation.rules.payer import Payers
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.values import Document

_MOST_ALIKE = 40


def outgoing(reading: Reading, index: Index) -> list[Hypothesis]:
    """Return the open credit notes of exactly this amount, and what was paid with it."""
    line = reading.line
    amount = -line.amount
    found: dict[UUID, Document] = {}
    for key in reading.keys:
        for document in index.named(key):
            if _fits(document, line.currency, amount):
                found[document.id] = document
    for id in list(index.owed(line.currency, amount))[:_MOST_ALIKE]:
        if _fits(index.documents[id], line.currency, amount):
            found[id] = index.documents[id]
    for document in index.paid(line.currency, amount)[-_MOST_ALIKE:]:
        if _fits(document, line.currency, amount):
            found[document.id] = document
    return [Hypothesis((each,), Closing(Fit.RETURN)) for each in found.values()]


def _fits(document: Document, currency: str, amount: int) -> bool:
    if document.currency != currency or document.void:
        return False
    if document.kind == "credit_note":
        return document.open == amount
    return document.amount - document.open >= amount


def describe_outgoing(reading: Reading, who: Payers, found: Sequence[Hypothesis]) -> None:
    """Write to each hypothesis what speaks for it."""
    whole = {
        each.documents[0].id
        for each in found
        if (how := named_how(reading, each.documents[0])) and how >= Named.DIGITS
    }
    classes = [payer_class(who.grade(each.customer)) for each in found]
    for each, name in zip(found, classes, strict=True):
        document = each.documents[0]
        how = named_how(reading, document) or damaged(reading, document)
        reference = strength(how.name if how else "NONE")
        kind = document.kind
        each.features = [
            f"out:{kind}",
            f"out:ref:{reference}",
            f"out:payer:{name}",
            f"out:ref+payer:{reference}:{name}",
        ]
        if whole and document.id not in whole:
            each.features.append("out:names_other")
        rivals = sum(other == name for other in classes) - 1
        if rivals and reference != "strong":
            each.features.append(f"out:alike:{min(rivals, 2)}")
