"""How much of a bank line went to each of the documents that it is known to have settled."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from payymo_api.reconciliation.rules.values import Document, Line, Share


def shares_of(
    line: Line, documents: Sequence[Document], open: Mapping[UUID, int]
) -> tuple[Share, ...]:
    """Return the shares as a bookkeeper would book them, of what is open; none if nothing is.

    Credit notes make a payment go further; what is left over is the customer's credit.
    """
    if any(each.currency != line.currency for each in documents):
        return _across_currencies(line, documents, open)
    left, shares = line.amount, []
    nets = any(each.kind == "invoice" for each in documents)
    for document in sorted(documents, key=lambda each: each.kind):  # credit notes first
        amount = _amount(document, left, open[document.id], nets=nets)
        if amount:
            shares.append(Share(document.kind, document.id, amount, amount))
            left -= amount
    customer = next((each.customer for each in documents if each.customer), None)
    if shares and customer and left > 0:
        shares.append(Share("on_account", customer, left, left))
    return tuple(shares)


def _amount(document: Document, left: int, open: int, *, nets: bool) -> int:
    """Money in pays an invoice or bounces from a refund; money out refunds, or was returned."""
    if document.kind == "credit_note" and nets and left > 0:
        return -open
    takes_in = document.kind == "invoice"
    bound = open if (left > 0) == takes_in else document.amount - open
    return min(bound, left) if left > 0 else -min(bound, -left)


def _across_currencies(
    line: Line, documents: Sequence[Document], open: Mapping[UUID, int]
) -> tuple[Share, ...]:
    """Split the line as the documents' open amounts are to each other."""
    opens = [
        (each, open[each.id]) for each in documents if open[each.id] and each.kind == "invoice"
    ]
    total, left, shares = sum(amount for _, amount in opens), line.amount, []
    for document, amount in opens:
        is_last = document is opens[-1][0]
        part = left if is_last else line.amount * amount // total
        shares.append(Share("invoice", document.id, part, amount))
        left -= part
    return tuple(shares)
