"""Direct debits: one line brings all that was collected on a day."""

from collections.abc import Collection
from datetime import date, timedelta

from payymo_api.invoicing.rules.names import Likeness, Name, heard, likeness
from payymo_api.reconciliation.rules.hypotheses import age
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.reading import Reading
from payymo_api.reconciliation.rules.values import Document, Line

_DAYS_TO_ARRIVE = 5


def is_own(reading: Reading, accounts: Collection[str], names: Collection[Name]) -> bool:
    """Tell whether the line may be the tenant's own doing: nobody else is named as its payer."""
    if any(each not in accounts for each in reading.accounts):
        return False
    if not reading.payer:
        return True
    payer = heard(reading.payer, is_name=True)
    return any(likeness(each, payer) >= Likeness.WITHIN for each in names)


def days(line: Line) -> list[date]:
    """Return the days whose collection the line may bring, the latest first."""
    return [line.booked_on - timedelta(days=each) for each in range(_DAYS_TO_ARRIVE + 1)]


def collected(reading: Reading, index: Index) -> list[Document]:
    """Return the documents of the collection that the line brings whole; empty if none does."""
    line = reading.line
    for day in days(line):
        documents = index.collected(line.currency, day)
        if documents and sum(each.open for each in documents) == line.amount:
            return sorted(documents, key=age)
    return []
