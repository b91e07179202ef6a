"""Lines as callers read, categorise and count them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    TransactionRequest,
)
from payymo_api.banking.service.answers import sums, transaction_answer
from payymo_api.banking.service.categorising import remember
from payymo_api.banking.service.transfers import part
from payymo_api.banking.service.updates import announce_updated
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.errors import ValidationFailed
from payymo_api.core.feed import Feed, changes
from payymo_api.core.types import TransactionId
from payymo_api.edge.etag import IfMatch


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
    lines = TransactionRepository(scope)
    rows = await lines.locked_with_partners([id])
    row = await lines.get(id)
    if_match.check(await get_transaction(scope, id))
    changed = {id} if row.note != request.note else set()
    row.note = request.note
    if row.category != request.category:
        changed = await _choose(scope, rows, {id: request.category})
    await announce_updated(scope, await lines.fresh(changed))
    return await get_transaction(scope, id)


async def _choose(
    scope: Scope, rows: Sequence[Transaction], chosen: Mapping[TransactionId, str | None]
) -> set[TransactionId]:
    """Set what a user chose, and remember it; a transfer that is called something else is none."""
    mine = [row for row in rows if row.id in chosen]
    async with tracked(scope, mine):
        for row in mine:
            row.category, row.category_source = chosen[row.id], "user"
    await remember(scope, mine)
    return {*chosen, *await part(scope, rows)}


async def categorise_batch(scope: Scope, request: BatchRequest) -> BatchAnswer:
    """Each row stands for itself: one that is not there spoils none of the others."""
    lines = TransactionRepository(scope)
    rows = await lines.locked_with_partners({item.id for item in request.rows})
    now_in = {row.id: row.category for row in rows}
    chosen: dict[TransactionId, str | None] = {}
    results = [_choose_one(now_in, chosen, item) for item in request.rows]
    if chosen:
        await announce_updated(scope, await lines.fresh(await _choose(scope, rows, chosen)))
    return BatchAnswer(results=results)


def _choose_one(
    now_in: dict[TransactionId, str | None],
    chosen: dict[TransactionId, str | None],
    item: Categorised,
) -> RowResult:
    if item.id not in now_in:
        error = RowError(code="unknown_reference", detail="There is no such thing here.")
        return RowResult(id=item.id, status="error", error=error)
    if now_in[item.id] == item.category:
        return RowResult(id=item.id, status="unchanged", error=None)
    now_in[item.id] = chosen[item.id] = item.category
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
