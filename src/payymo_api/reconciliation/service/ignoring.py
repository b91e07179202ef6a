"""A person says that money belongs to no document, or that it may after all; either teaches."""

from collections.abc import Collection, Sequence

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import TransactionRepository, lines_settled, lines_to_settle
from payymo_api.banking.repository.rollups import tracked
from payymo_api.banking.service.updates import announce_updated
from payymo_api.core.db import Scope
from payymo_api.core.errors import NotFound, PayymoError
from payymo_api.core.types import InvoiceId, TransactionId
from payymo_api.messaging import outbox
from payymo_api.reconciliation.errors import LineMatched, LineNotBooked, OwnTransfer
from payymo_api.reconciliation.events import DecisionMade
from payymo_api.reconciliation.repository.learned import LearnedRepository, learned
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository, superseded
from payymo_api.reconciliation.repository.words import heard
from payymo_api.reconciliation.schemas.ignoring import LineResult, LineResults
from payymo_api.reconciliation.schemas.suggestions import Refusal
from payymo_api.reconciliation.service import learning
from payymo_api.reconciliation.service.suggesting import documents_of


async def ignore(scope: Scope, ids: Sequence[TransactionId]) -> LineResults:
    """Each line stands for itself; what is suggested for one is withdrawn."""
    results, lines = await _choose(scope, ids, ignored=True)
    pending = await SuggestionRepository(scope).pending([row.id for row in lines])
    await _put(scope, lines, ignored=True)
    await scope.write(
        superseded(scope, list(pending)),
        *heard(scope, "nowhere", learning.said(lines)),
        *learned(scope, learning.nowhere(lines)),
    )
    await _tell(scope, lines, documents_of(pending.values()))
    return LineResults(results=results)


async def restore(scope: Scope, ids: Sequence[TransactionId]) -> LineResults:
    """Each line stands for itself, and is looked at anew."""
    results, lines = await _choose(scope, ids, ignored=False)
    await reopen(scope, lines)
    await _tell(scope, lines, set())
    return LineResults(results=results)


async def reopen(scope: Scope, rows: Collection[Transaction]) -> None:
    """Take up again those of these locked lines that are ignored, and unlearn what they taught."""
    lines = [row for row in rows if TransactionRepository.is_ignored(row)]
    await _put(scope, lines, ignored=False)
    await LearnedRepository(scope).unlearn(learning.nowhere(lines), contradicted=False)
    await scope.write(*heard(scope, "nowhere", learning.said(lines), -1))
    await TransactionRepository(scope).examine_again([row.id for row in lines])


async def _choose(
    scope: Scope, ids: Sequence[TransactionId], *, ignored: bool
) -> tuple[list[LineResult], list[Transaction]]:
    """Lock the lines; return what becomes of each, and those that change."""
    lines = {row.id: row for row in await lines_to_settle(scope, ids)}
    results = [_result(id, lines.get(id), ignored=ignored) for id in dict.fromkeys(ids)]
    return results, [lines[each.transaction_id] for each in results if each.status == "updated"]


def _result(id: TransactionId, line: Transaction | None, *, ignored: bool) -> LineResult:
    try:
        is_so = _is_ignored(line) == ignored
    except PayymoError as error:
        return LineResult(transaction_id=id, status="error", error=Refusal.of(error))
    return LineResult(transaction_id=id, status="unchanged" if is_so else "updated", error=None)


def _is_ignored(line: Transaction | None) -> bool:
    """Tell it of a line that can be ignored and restored; else raise why it can't."""
    if line is None or line.removed_at:
        raise NotFound("There is no such thing here.")
    if line.status != "booked":
        raise LineNotBooked("The transaction is still pending.")
    if line.settled_minor:
        raise LineMatched(f"It is {line.match_state}.")
    if line.transfer_of:
        raise OwnTransfer("It is ignored as long as it is one.")
    return TransactionRepository.is_ignored(line)


async def _put(scope: Scope, lines: Collection[Transaction], *, ignored: bool) -> None:
    async with tracked(scope, lines):
        for row in lines:
            TransactionRepository.ignore(row, ignored=ignored)
    await scope.write(*lines_settled(scope, list(lines)))


async def _tell(
    scope: Scope, lines: Collection[Transaction], documents: Collection[InvoiceId]
) -> None:
    """Tell everyone; what waits for these payers or documents is looked at again."""
    if not lines:
        return
    ids = tuple(sorted(row.id for row in lines))
    await announce_updated(scope, await TransactionRepository(scope).fresh(ids))
    decision = DecisionMade(invoice_ids=tuple(sorted(documents)), transaction_ids=ids)
    await outbox.record(scope, decision)
