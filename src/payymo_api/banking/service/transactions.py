"""Lines as callers read, categorise and count them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from payymo_api.banking.events import TransactionUpdated
from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import AccountRepository, TransactionRepository, stats
from payymo_api.banking.repository.rollups import tracked
from payymo_api.banking.repository.stats import Total
from payymo_api.banking.schemas.transactions import (
    BatchAnswer,
    BatchRequest,
    Categorised,
    CategorySums,
    Matched,
    PeriodSums,
    RowError,
    RowResult,
    StatsAnswer,
    StatsFilters,
    TransactionAnswer,
    TransactionFilters,
    TransactionRequest,
)
from payymo_api.banking.service.answers import news, sums, transaction_answer
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.feed import Feed, changes
from payymo_api.core.fields import Listing
from payymo_api.core.types import TransactionId
from payymo_api.edge.etag import IfMatch
from payymo_api.messaging import outbox


async def list_transactions(
    scope: Scope, filters: TransactionFilters
) -> Listing[TransactionAnswer]:
    page = await TransactionRepository(scope).page(filters)
    answers = await _answers(scope, page.rows)
    return Listing[TransactionAnswer](
        data=answers, has_more=page.next_cursor is not None, next_cursor=page.next_cursor
    )


async def _answers(scope: Scope, rows: Sequence[Transaction]) -> list[TransactionAnswer]:
    owners = await AccountRepository(scope).connections({row.account_id for row in rows})
    return [transaction_answer(row, owners.get(row.account_id)) for row in rows]


async def get_transaction(
    scope: Scope, id: TransactionId, *, with_raw: bool = False
) -> TransactionAnswer:
    row = await TransactionRepository(scope).get(id)
    owners = await AccountRepository(scope).connections([row.account_id])
    return transaction_answer(row, owners.get(row.account_id), with_raw=with_raw)


async def replace_transaction(
    scope: Scope, id: TransactionId, request: TransactionRequest, if_match: IfMatch
) -> TransactionAnswer:
    """Set category and note; the bank's own words are not ours to change."""
    row = await TransactionRepository(scope).get_locked(id)
    if_match.check(await get_transaction(scope, id))
    if (row.category, row.note) != (request.category, request.note):
        async with tracked(scope, [row]):
            _categorise(row, request.category)
        row.note = request.note
        await _announce(scope, [row])
    return await get_transaction(scope, id)


def _categorise(row: Transaction, category: str | None) -> None:
    row.category, row.category_source = category, "user" if category else None


async def _announce(scope: Scope, rows: Sequence[Transaction]) -> None:
    await scope.session.flush()
    owners = await AccountRepository(scope).connections({row.account_id for row in rows})
    for row in rows:
        await scope.session.refresh(row)
    events = [TransactionUpdated(data=news(row, owners.get(row.account_id))) for row in rows]
    await outbox.record(scope, *events)


async def categorise_batch(scope: Scope, request: BatchRequest) -> BatchAnswer:
    """Each row stands for itself: one that is not there spoils none of the others."""
    rows = await TransactionRepository(scope).locked({item.id for item in request.rows})
    by_id = {row.id: row for row in rows}
    async with tracked(scope, rows):
        results = [_categorise_one(by_id.get(item.id), item) for item in request.rows]
    changed = {result.id for result in results if result.status == "updated"}
    await _announce(scope, [row for row in rows if row.id in changed])
    return BatchAnswer(results=results)


def _categorise_one(row: Transaction | None, item: Categorised) -> RowResult:
    if row is None:
        error = RowError(code="unknown_reference", detail="There is no such thing here.")
        return RowResult(id=item.id, status="error", error=error)
    if row.category == item.category:
        return RowResult(id=item.id, status="unchanged", error=None)
    _categorise(row, item.category)
    return RowResult(id=item.id, status="updated", error=None)


async def transaction_feed(scope: Scope, cursor: str | None, limit: int) -> Feed[TransactionAnswer]:
    found = await changes(scope, Transaction, cursor, limit)
    owners = await AccountRepository(scope).connections(
        {row.account_id for row in (*found.added, *found.modified)}
    )
    return Feed[TransactionAnswer].of(
        found, "tr", lambda row: transaction_answer(row, owners.get(row.account_id))
    )


async def transaction_stats(scope: Scope, filters: StatsFilters) -> StatsAnswer:
    """Exact sums for the list's filters."""
    today = now().astimezone(_zone(filters.time_zone)).date()
    if filters.last_days:
        first = today - timedelta(days=filters.last_days - 1)
        filters = filters.model_copy(update={"date_from": first, "date_to": today})
    found = await stats.statistics(scope, filters, filters.period)
    return StatsAnswer(
        currencies=[
            sums(each.currency, each.count, each.incoming, each.outgoing)
            for each in found.currencies
        ],
        by_category=[
            CategorySums(category=each.group, **_sums(each)) for each in found.by_category
        ],
        by_period=[PeriodSums(starts_on=each.group, **_sums(each)) for each in found.by_period],
        matched=_matched(found.count, found.matched),
        today=today,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationFailed.at(
            "/time_zone", "unknown_time_zone", "Send an IANA name such as Europe/London."
        ) from None


def _sums(total: Total) -> dict[str, object]:
    found = sums(total.currency, total.count, total.incoming, total.outgoing)
    return {name: getattr(found, name) for name in type(found).model_fields}


def _matched(count: int, matched: int) -> Matched:
    ratio = (Decimal(matched) / count) if count else None
    return Matched(
        count=count,
        matched_count=matched,
        ratio=None if ratio is None else ratio.quantize(Decimal("0.0001")),
    )
