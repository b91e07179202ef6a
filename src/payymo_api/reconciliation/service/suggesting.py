"""Suggestions: kept and taken back for the engine, accepted and rejected by people.

A suggestion changes only under its line's lock, and the line is locked first, with all else that
`Books` locks. So of those who decide about one line at once, the first decides; the others find a
suggestion that is not pending any more, or a line that has nothing left.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository, lines_settled
from payymo_api.banking.repository.rollups import tracked
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.repository import transient
from payymo_api.core.types import InvoiceId, PayoutId, SuggestionId, new_id
from payymo_api.invoicing.repository import currencies_of
from payymo_api.messaging import outbox
from payymo_api.reconciliation.errors import SuggestionDecided
from payymo_api.reconciliation.events import DecisionMade
from payymo_api.reconciliation.models import Suggestion
from payymo_api.reconciliation.repository.learned import Apart, set_apart
from payymo_api.reconciliation.repository.matches import made
from payymo_api.reconciliation.repository.suggestions import (
    SuggestionRepository,
    named,
    superseded,
)
from payymo_api.reconciliation.rules.values import Answer
from payymo_api.reconciliation.service import news, proposals
from payymo_api.reconciliation.service.books import Books

_SUGGESTION = (
    "id",
    "transaction_id",
    "amount_minor",
    "currency",
    "probability",
    "proposals",
    "because",
    "to_change",
    "created_at",
)


async def suggest(scope: Scope, books: Books, answers: Iterable[Answer]) -> None:
    """Keep the engine's proposals for lines that `books` has locked, in place of earlier ones.

    The same again changes nothing; where only the reasons are others, the suggestion stays with new
    ones. What proposes nothing takes back. Lines of which anything is settled get no suggestion.
    """
    found = {each.line: each for each in answers if _is_free(books.lines[each.line])}
    pending = await SuggestionRepository(scope).pending(found)
    rows = await _suggestions(scope, books, [each for each in found.values() if each.proposals])
    fresh = [row for row in rows if not _is_kept(row, pending.get(row.transaction_id))]
    gone = [books.lines[id] for id in pending if not found[id].proposals]
    await withdraw(scope, [*gone, *(books.lines[row.transaction_id] for row in fresh)])
    await _mark(scope, [books.lines[row.transaction_id] for row in fresh], waits=True)
    if fresh:
        await scope.write(*made(scope, fresh, _SUGGESTION), *named(scope, _places(fresh)))
        await outbox.record(scope, *news.suggested(fresh))


async def withdraw(scope: Scope, lines: Collection[Transaction]) -> None:
    """Take back what was suggested for these locked lines."""
    if lines:
        await scope.write(superseded(scope, [row.id for row in lines]))
        await _mark(scope, lines, waits=False)


async def reject(scope: Scope, id: SuggestionId, decided_by: str) -> Suggestion:
    """None of the proposals is right: the line is looked at again without what they name."""
    suggestion = await SuggestionRepository(scope).get(id)
    books = await Books.lock(scope, {suggestion.transaction_id})
    suggestion = await locked(scope, id)
    suggestion.status, suggestion.decided_by = "rejected", decided_by
    suggestion.decided_at = now()
    await _mark(scope, list(books.lines.values()), waits=False)
    await scope.write(*set_apart(scope, _apart(suggestion)))
    await TransactionRepository(scope).examine_again([suggestion.transaction_id])
    documents = documents_of([suggestion])
    await outbox.record(scope, DecisionMade(invoice_ids=tuple(sorted(documents))))
    return suggestion


def documents_of(suggestions: Iterable[Suggestion]) -> set[InvoiceId]:
    """Return the invoices and credit notes that these name, in any proposal."""
    return {
        InvoiceId(id)
        for each in suggestions
        for proposal in each.proposals
        for id in proposals.documents(proposal, "inv")
    }


async def locked(scope: Scope, id: SuggestionId) -> Suggestion:
    """Return a suggestion that waits, locked after its line; SuggestionDecided if it does not."""
    suggestion = await SuggestionRepository(scope).get_locked(id)
    if suggestion.status != "pending":
        raise SuggestionDecided(f"It is {suggestion.status}.")
    return suggestion


def _is_free(line: Transaction) -> bool:
    return (
        line.status == "booked"
        and line.removed_at is None
        and line.match_state in {"unmatched", "suggested"}
    )


async def _suggestions(scope: Scope, books: Books, answers: Sequence[Answer]) -> list[Suggestion]:
    shares = [share for each in answers for found in each.proposals for share in found.shares]
    documents = {
        InvoiceId(share.document) for share in shares if share.type in {"invoice", "credit_note"}
    }
    currencies = await currencies_of(scope, documents)
    return [_suggestion(books.lines[each.line], each, currencies) for each in answers]


def _suggestion(line: Transaction, answer: Answer, currencies: Mapping[UUID, str]) -> Suggestion:
    return transient(
        Suggestion,
        id=SuggestionId(new_id()),
        transaction_id=line.id,
        amount_minor=line.amount_minor,
        currency=line.currency,
        probability=proposals.probability(answer.proposals[0]),
        proposals=[proposals.stored(each, line.currency, currencies) for each in answer.proposals],
        because=answer.because,
        to_change=answer.to_change,
        created_at=now(),
    )


def _is_kept(row: Suggestion, before: Suggestion | None) -> bool:
    """Tell whether the same was suggested before; its reasons are brought up to date."""
    if before is None or _allocations(row) != _allocations(before):
        return False
    for name in ("probability", "proposals", "because", "to_change"):
        if getattr(before, name) != getattr(row, name):
            setattr(before, name, getattr(row, name))
    return True


def _allocations(row: Suggestion) -> list[object]:
    return [each["allocations"] for each in row.proposals]


def _places(rows: Iterable[Suggestion]) -> dict[tuple[SuggestionId, UUID], int]:
    found: dict[tuple[SuggestionId, UUID], int] = {}
    for row in rows:
        for place, proposal in enumerate(row.proposals):
            for invoice_id in proposals.documents(proposal, "inv"):
                found.setdefault((row.id, invoice_id), place)
    return found


def _apart(suggestion: Suggestion) -> Iterable[Apart]:
    line = suggestion.transaction_id
    for proposal in suggestion.proposals:
        for id in proposals.documents(proposal, "inv"):
            yield Apart(line, InvoiceId(id), None)
        for id in proposals.documents(proposal, "spo"):
            yield Apart(line, None, PayoutId(id))


async def _mark(scope: Scope, lines: Collection[Transaction], *, waits: bool) -> None:
    """Note on locked lines whether a suggestion waits."""
    before = [row.match_state for row in lines]
    async with tracked(scope, lines):
        for row in lines:
            TransactionRepository.note_suggested(row, waits=waits)
    changed = [row for row, state in zip(lines, before, strict=True) if row.match_state != state]
    if changed:
        await scope.write(*lines_settled(scope, changed))
