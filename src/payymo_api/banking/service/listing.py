"""The list of transactions as JSON: what `answers.transaction_answer` says, without its models.

tests/banking/test_listing.py holds the two together.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from payymo_api.banking.repository.listing import TransactionList
from payymo_api.banking.schemas.transactions import TransactionAnswer, TransactionFilters
from payymo_api.core.db import ReadScope
from payymo_api.core.fields import PlainListing
from payymo_api.core.money import decimal_text
from payymo_api.core.refs import id_prefixes
from payymo_api.core.types import public_id
from payymo_api.edge import exact

_IDS = tuple(id_prefixes(TransactionAnswer).items())


async def list_transactions(scope: ReadScope, filters: TransactionFilters) -> PlainListing:
    page = await TransactionList(scope).page(filters)
    return PlainListing(_plain(page.rows) if page.rows else [], page.next_cursor)


def _plain(rows: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """Column by column, which is how Python is quickest."""
    shown: dict[str, Iterable[Any]] = dict(
        zip(rows[0].keys(), zip(*rows, strict=True), strict=True)
    )
    for name, prefix in _IDS:
        shown[name] = _public_ids(prefix, shown[name])
    money = zip(shown["amount_minor"], shown["currency"], strict=True)
    shown["amount"] = [exact.number(decimal_text(minor, currency)) for minor, currency in money]
    parties = zip(shown["counterparty"], shown.pop("counterparty_iban"), strict=True)
    shown["counterparty"] = [{"name": name, "iban": iban} for name, iban in parties]
    return [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)]


def _public_ids(prefix: str, ids: Iterable[UUID | None]) -> list[str | None]:
    """A page names few accounts, and each is written once."""
    texts = {id: public_id(prefix, id) if id else None for id in set(ids)}
    return [texts[id] for id in ids]
