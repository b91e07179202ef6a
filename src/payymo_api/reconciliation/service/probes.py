"""What an undecided line is found by when there is news, and what news looks for."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from payymo_api.banking.repository import TransactionRepository
from payymo_api.core.db import Scope
from payymo_api.core.types import InvoiceId, TransactionId
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.repository import documents_known
from payymo_api.invoicing.rules.keys import document_keys
from payymo_api.invoicing.rules.names import heard
from payymo_api.reconciliation.repository.line_keys import LineKeys
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from payymo_api.reconciliation.rules.batches import days
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.reading import Reading, read
from payymo_api.reconciliation.service.lines import line_of


def of_line(reading: Reading, matcher: Matcher) -> set[str]:
    """Return the numbers that it may name; what else it says has a colon."""
    words = {*heard(reading.words, is_name=False).words, *heard(reading.payer, is_name=True).words}
    return {
        *reading.keys,
        *_of_payer(reading),
        *(f"word:{word}" for word in words),
        *(_of_day(day) for day in days(reading.line) if matcher.may_collect(reading)),
    }


def _of_payer(reading: Reading) -> Iterator[str]:
    for account in reading.accounts:
        yield f"account:{account}"
    if reading.payer:
        yield f"name:{heard(reading.payer, is_name=True).whole}"


def _of_day(day: date) -> str:
    return f"collected:{day}"


def _of_documents(rows: Iterable[Invoice]) -> Iterator[str]:
    for row in rows:
        yield from document_keys(row.number, row.creditor_reference, row.po_number)
        if row.collection_on:
            yield _of_day(row.collection_on)


async def of_payers(scope: Scope, ids: Collection[TransactionId]) -> set[TransactionId]:
    """Return the undecided lines of the payers of these lines."""
    rows = await TransactionRepository(scope).known(ids)
    readings = [read(line_of(row)) for row in rows]
    return await LineKeys(scope).found_by({key for each in readings for key in _of_payer(each)})


async def touched(scope: Scope, ids: Collection[InvoiceId]) -> set[TransactionId]:
    """Return the lines that say something of these documents, or have their amount.

    Those too that wait for a decision about one of them.
    """
    lines = LineKeys(scope)
    rows = await documents_known(scope, ids)
    open_amounts = {(row.currency, row.open_minor) for row in rows if row.open_minor}
    returns = {(currency, -minor) for currency, minor in open_amounts}
    return {
        *await SuggestionRepository(scope).lines_naming(ids),
        *await lines.found_by(set(_of_documents(rows))),
        *await lines.of_amounts(open_amounts | returns),
        *await lines.speaking_of({row.customer_id for row in rows if row.customer_id}),
    }
