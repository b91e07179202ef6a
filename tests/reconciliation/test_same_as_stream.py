"""The service and `payymo backtest --stream` decide alike: tried on data that is not ours.

The files are not part of the project: PAYYMO_CONFORMANCE_DATA names the folder that holds them.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.stored import Stored
from payymo_api.cli.backtest.stream import Stream
from payymo_api.core.db import Database
from payymo_api.core.money import minor_units
from payymo_api.core.types import TenantId, parse_public_id
from payymo_api.reconciliation.models import Allocation, Match, Suggestion
from payymo_api.reconciliation.service import examining

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
SAMPLE = ("ten_0001", "ten_0007", "ten_0012", "ten_0042")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set")
Part = tuple[str, str, int, int]
"""Type, document, amount and write-off; of what is on account, whose it is stands elsewhere."""
Said = tuple[str, frozenset[Part]]
"""Verdict, and the first proposal."""


@pytest.mark.parametrize("tenant", SAMPLE)
async def test_the_service_decides_as_the_stream_does(
    database: Database, tenant_id: TenantId, tenant: str
) -> None:
    stored = Stored(Path(FOLDER or "") / "matching" / "dev", tenant)
    await stored.put(database, tenant_id)

    await examining.examine(database, tenant_id)

    expected, said = through_stream(stored), await through_service(database, tenant_id, stored)
    differ = {id: (expected[id], said[id]) for id in expected if expected[id] != said[id]}
    assert differ == {}
    assert {verdict for verdict, _ in said.values()} == {"auto", "suggest", "none"}


def through_stream(stored: Stored) -> dict[str, Said]:
    stream, said = Stream(), {}
    for name, op in (("tenants", "tenant"), ("customers", "customer"), ("invoices", "invoice")):
        for row in stored.rows(name):
            stream.handle({"op": op, **row})
    for row in stored.lines():
        answer = stream.handle({"op": "transaction", **row}) or {}
        currency = row["transaction"]["transactionAmount"]["currency"]
        parts = [
            part(
                each["type"],
                each["id"],
                minor_units(each["amount"], currency),
                minor_units(each.get("write_off", "0"), currency),
            )
            for each in answer.get("allocations", ())
        ]
        said[row["id"]] = (str(answer["decision"]), frozenset(parts))
    return said


def part(type: str, name: str | None, amount: int, write_off: int) -> Part:
    return type, "" if type == "on_account" else str(name), amount, write_off


async def through_service(
    database: Database, tenant_id: TenantId, stored: Stored
) -> dict[str, Said]:
    said: dict[str, Said] = {row["id"]: ("none", frozenset()) for row in stored.lines()}
    async with database.scope(tenant_id) as scope:
        posted = select(Allocation).join(Match, Match.id == Allocation.match_id)
        for row in await scope.session.scalars(posted.where(Match.source == "auto")):
            name = stored.names[row.invoice_id] if row.invoice_id else None
            line = stored.names[row.transaction_id]
            made = part(row.document_type, name, row.amount_minor, row.write_off_minor)
            said[line] = ("auto", said[line][1] | {made})
        waiting = select(Suggestion).where(Suggestion.status == "pending")
        for found in await scope.session.scalars(waiting):
            first = found.proposals[0]["allocations"]
            parts = frozenset(proposed(each, stored) for each in first)
            said[stored.names[found.transaction_id]] = ("suggest", parts)
    return said


def proposed(share: dict[str, Any], stored: Stored) -> Part:
    id = share["document_id"]
    name = stored.names[parse_public_id(id.partition("_")[0], id)]
    return part(share["document_type"], name, share["amount_minor"], share["write_off_minor"])
