"""Bank lines, written as banking writes them; a test names only what it is about."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx

from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import rollups
from payymo_api.core.db import Database
from payymo_api.core.types import (
    AccountId,
    TenantId,
    TransactionId,
    new_id,
    parse_public_id,
    public_id,
)
from payymo_api.reconciliation.repository.suggestions import SuggestionRepository
from payymo_api.reconciliation.rules.values import (
    Answer,
    Evidence,
    Proposal,
    Share,
    ShareType,
    Verdict,
)
from payymo_api.reconciliation.service.books import Books
from payymo_api.reconciliation.service.suggesting import suggest

MATCH = "/api/v1/reconciliation/match"
STATUS = "/api/v1/reconciliation"
SUGGESTIONS = f"{STATUS}/suggestions"
LEARNED = f"{STATUS}/learned"
PAYER = "DE89370400440532013000"


async def make_line(database: Database, tenant_id: TenantId, minor: int, **fields: object) -> str:
    """Return the public id of a booked line on an account of its own."""
    account_id, id = AccountId(new_id()), TransactionId(new_id())
    values: dict[str, object] = {
        "status": "booked",
        "currency": "GBP",
        "booked_on": date(2026, 1, 20),
        "description": "",
        "occurrence": 1,
        "source": "feed",
        "raw": {},
        **fields,
    }
    async with database.scope(tenant_id) as scope:
        scope.session.add(
            BankAccount(tenant_id=tenant_id, id=account_id, currency="GBP", status="active")
        )
        await scope.session.flush()
        row = Transaction(
            tenant_id=tenant_id,
            id=id,
            account_id=account_id,
            amount_minor=minor,
            fingerprint=id.bytes,
            **values,
        )
        scope.session.add(row)
        await scope.session.flush()
        await rollups.move(scope, [], rollups.counted([row]))
    return public_id("tr", id)


async def line(database: Database, tenant_id: TenantId, id: str) -> Transaction:
    async with database.scope(tenant_id) as scope:
        key = {"tenant_id": tenant_id, "id": parse_public_id("tr", id)}
        return await scope.session.get_one(Transaction, key)


def part(
    line: str, document: str, minor: int, type: str = "invoice", **more: object
) -> dict[str, Any]:
    return {
        "transaction_id": line,
        "document_type": type,
        "document_id": document,
        "amount_minor": minor,
        **more,
    }


async def match(client: httpx.AsyncClient, *parts: dict[str, Any]) -> httpx.Response:
    return await client.post(MATCH, json={"allocations": parts})


async def settled(client: httpx.AsyncClient, id: str) -> tuple[int, str]:
    read = (await client.get(f"/api/v1/invoices/{id}")).json()
    return read["settled_minor"], read["status"]


def share(document: str, minor: int, type: ShareType = "invoice", **more: Any) -> Share:  # noqa: ANN401  Share's own
    """What the engine says that goes to a document; in one currency, unless `more` says so."""
    id = parse_public_id(document.partition("_")[0], document)
    return Share(type, id, minor, **{"document_amount": minor, **more})


def proposal(*shares: Share, probability: float = 0.9) -> Proposal:
    return Proposal(shares, probability, (Evidence("amount", "The amount fits."),))


def answer(line: str, *proposals: Proposal) -> Answer:
    """What the engine says of a line."""
    verdict: Verdict = "propose" if proposals else "none"
    return Answer(parse_public_id("tr", line), verdict, proposals, "Two fit.", "A reference.")


async def say(database: Database, tenant_id: TenantId, *answers: Answer) -> None:
    """Have the service keep what the engine says."""
    async with database.scope(tenant_id) as scope:
        books = await Books.lock(scope, {TransactionId(each.line) for each in answers})
        await suggest(scope, books, answers)


async def make_suggestion(
    database: Database, tenant_id: TenantId, money: str, documents: Sequence[str]
) -> str:
    """Return the public id of a suggestion that the line pays one of these, by all it has."""
    minor = (await line(database, tenant_id, money)).amount_minor
    await say(
        database,
        tenant_id,
        answer(money, *(proposal(share(each, minor)) for each in documents)),
    )
    async with database.scope(tenant_id) as scope:
        id = TransactionId(parse_public_id("tr", money))
        return public_id("sug", (await SuggestionRepository(scope).pending([id]))[id].id)
