"""What must be true: of the committed rows at any moment, and of the whole world at rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from payymo_api.core.types import parse_public_id
from payymo_api.webhooks.schemas.catalogue import object_id
from payymo_api.worker import JOBS
from tests.simulation.world import World

ALWAYS = {
    "a line is settled by exactly its active allocations, within its amount": """
        SELECT t.id, t.settled_minor, t.amount_minor, s.allocated FROM transactions t
        LEFT JOIN (
            SELECT a.transaction_id, sum(a.amount_minor) AS allocated
            FROM allocations a JOIN matches m ON m.id = a.match_id AND m.status = 'active'
            GROUP BY 1
        ) s ON s.transaction_id = t.id
        WHERE t.settled_minor <> coalesce(s.allocated, 0)
        OR t.settled_minor NOT BETWEEN least(t.amount_minor, 0) AND greatest(t.amount_minor, 0)
        OR (t.match_state = 'matched') <> (t.settled_minor = t.amount_minor)
        OR (t.match_state = 'partial') <> (t.settled_minor NOT IN (0, t.amount_minor))""",
    "a document is settled by exactly its active allocations, within its total": """
        SELECT i.id, i.settled_minor, i.amount_minor, s.settled FROM invoices i
        LEFT JOIN (
            SELECT invoice_id, sum(minor) AS settled FROM (
                SELECT a.invoice_id, a.document_amount_minor + a.write_off_minor AS minor
                FROM allocations a JOIN matches m ON m.id = a.match_id AND m.status = 'active'
                UNION ALL SELECT invoice_id, amount_minor FROM payment_allocations) parts
            GROUP BY 1
        ) s ON s.invoice_id = i.id
        WHERE i.settled_minor <> coalesce(s.settled, 0)
        OR i.settled_minor NOT BETWEEN 0 AND i.amount_minor
        OR (i.status = 'paid') <> (i.settled_minor = i.amount_minor)""",
    "money is conserved: what lines and payments are settled by, documents are": """
        SELECT * FROM (SELECT
            (SELECT coalesce(sum(settled_minor), 0) FROM transactions)
            + (SELECT coalesce(sum(settled_minor), 0) FROM stripe_payments) AS lines,
            (SELECT coalesce(sum(settled_minor), 0) FROM invoices) AS documents) s
        WHERE lines <> documents""",
    "an account stands once": """
        SELECT iban FROM bank_accounts WHERE removed_at IS NULL
        GROUP BY iban HAVING count(*) > 1""",
    "sequences have no gap and begin at 1": """
        SELECT count(*), min(sequence), max(sequence) FROM outbox_events
        WHERE sequence IS NOT NULL HAVING max(sequence) <> count(*) OR min(sequence) <> 1""",
    "only what is numbered is owed or done": """
        SELECT id FROM outbox_events WHERE data IS NOT NULL AND sequence IS NULL
        AND (done_at IS NOT NULL OR id IN (SELECT event_id FROM webhook_deliveries))""",
}
"""Name -> a query for what breaks it, of one tenant's rows."""

TABLES = (
    "transactions invoices matches allocations payment_allocations stripe_payments bank_accounts"
    " bank_connections sync_runs outbox_events webhook_deliveries webhook_endpoints"
).split()
AT_REST = {
    "no event is left undone": "SELECT name, error FROM outbox_events WHERE done_at IS NULL",
    "every public event has its place": """
        SELECT id FROM outbox_events WHERE data IS NOT NULL AND sequence IS NULL""",
    "no reading is left open": """
        SELECT status, started_at FROM sync_runs WHERE ended_at IS NULL""",
    "no delivery is left open": """
        SELECT next_attempt_at FROM webhook_deliveries WHERE status = 'pending'""",
    "what the bank took back is matched with nothing": """
        SELECT id FROM transactions WHERE removed_at IS NOT NULL AND settled_minor <> 0""",
    "the connection works": """
        SELECT status, error_code FROM bank_connections WHERE status <> 'active' OR error_code <> ''
        """,
}


async def check_always(world: World) -> None:
    await _queries(world.eye, ALWAYS)
    await _one_event_each(world.eye)
    assert not world.timeline.crashes, world.timeline.crashes
    assert not world.sink.unwanted, "sent to an endpoint that was off"


async def check_at_rest(world: World) -> None:
    await check_always(world)
    await _queries(world.eye, AT_REST)
    await _same_as_the_bank(world)
    await _delivered(world)
    await _running_again_changes_nothing(world)


async def _running_again_changes_nothing(world: World) -> None:
    """Every job may run twice, long after it was done too."""
    events = await world.eye.fetch("SELECT tenant_id, id, name FROM outbox_events ORDER BY id")
    done = [
        (JOBS[row["name"]], row["tenant_id"], row["id"]) for row in events if row["name"] in JOBS
    ]
    before = await _state(world), len(world.sink.receipts)
    await world.run_again(world.timeline.chance.sample(done, min(len(done), 10)))
    assert before == (await _state(world), len(world.sink.receipts)), "a second run changed it"


async def _state(world: World) -> list[Any]:
    return [
        await world.eye.fetchval(f"SELECT array_agg(t::text ORDER BY t::text) FROM {table} t")  # noqa: S608  a name of ours
        for table in TABLES
    ]


async def _queries(eye: asyncpg.Connection, queries: Mapping[str, str]) -> None:
    for name, query in queries.items():
        rows = await eye.fetch(query)
        assert not rows, f"{name}: {[dict(row) for row in rows[:5]]}"


async def _one_event_each(eye: asyncpg.Connection) -> None:
    """No change without its event, none announced twice under another id."""
    events = await eye.fetch("SELECT name, data FROM outbox_events WHERE data IS NOT NULL")
    told = [(row["name"], orjson.loads(row["data"])) for row in events]

    def of(name: str, key: str, prefix: str) -> Counter[UUID]:
        return Counter(parse_public_id(prefix, data[key]) for each, data in told if each == name)

    lines = await eye.fetch("SELECT id, removed_at FROM transactions")
    matches = await eye.fetch("SELECT id, status FROM matches")
    connections = await eye.fetch("SELECT id FROM bank_connections WHERE activated_at IS NOT NULL")
    expected = {
        ("transaction.created", "transaction_id", "tr"): _ids(lines),
        ("transaction.removed", "transaction_id", "tr"): _ids(lines, lambda row: row["removed_at"]),
        ("transaction.matched", "match_id", "mt"): _ids(matches),
        ("transaction.unmatched", "match_id", "mt"): _ids(
            matches, lambda row: row["status"] == "undone"
        ),
        ("bank_connection.created", "id", "bc"): _ids(connections),
    }
    for (name, key, prefix), ids in expected.items():
        assert of(name, key, prefix) == ids, f"{name} is not announced once each"


def _ids(
    rows: Iterable[Mapping[str, Any]], wanted: Callable[[Mapping[str, Any]], object] = bool
) -> Counter[UUID]:
    return Counter(row["id"] for row in rows if wanted(row))


async def _same_as_the_bank(world: World) -> None:
    """The account's lines are the bank's, as many and as they are."""
    query = """
        SELECT t.status, t.amount_minor, t.booked_on, t.description FROM transactions t
        JOIN bank_accounts a ON a.id = t.account_id WHERE a.iban = $1 AND t.removed_at IS NULL"""
    for iban, ledger in world.bank.ledgers.items():
        ours = sorted(
            (status, minor, day if status == "booked" else None, words)
            for status, minor, day, words in await world.eye.fetch(query, iban)
        )
        truth = ledger.truth(world.timeline.now)
        assert ours == truth, f"{iban}: {_difference(ours, truth)}"


def _difference(ours: list[Any], truth: list[Any]) -> str:
    more, less = Counter(ours) - Counter(truth), Counter(truth) - Counter(ours)
    return f"we have too {list(more.elements())}, we lack {list(less.elements())}"


async def _delivered(world: World) -> None:
    """Who wanted an event when it was fanned out has got it, always with the same id and bytes."""
    events = {
        row["id"]: row
        for row in await world.eye.fetch("SELECT * FROM outbox_events WHERE body <> ''")
    }
    got: dict[tuple[str, UUID], set[bytes]] = {}
    for receipt in world.sink.receipts:
        key = receipt.url, parse_public_id("evt", receipt.id)
        got.setdefault(key, set()).add(receipt.body)
    for (_, id), bodies in got.items():
        assert bodies == {events[id]["body"]}, "other bytes under the same id, or an unknown id"
    owed = {
        (row["url"], row["event_id"])
        for row in await world.eye.fetch(
            "SELECT url, event_id FROM webhook_deliveries d"
            " JOIN webhook_endpoints e ON e.id = d.endpoint_id"
        )
    }
    assert set(got) == owed, "received without being owed, or owed and never received"
    for endpoint in await world.eye.fetch("SELECT * FROM webhook_endpoints"):
        for event in events.values():
            is_owed = (endpoint["url"], event["id"]) in owed
            assert is_owed == _wants(endpoint, event), f"{event['name']} owed: {is_owed}"
        _in_order(endpoint, [events[id] for url, id in got if url == endpoint["url"]])


def _in_order(endpoint: Mapping[str, Any], received: Iterable[Mapping[str, Any]]) -> None:
    """What is kept in order came first in order; `received` is as it came."""
    last: dict[str, int] = {}
    for event in received if endpoint["ordering"] else ():
        is_by_object = endpoint["ordering"] == "object"
        key = object_id(event["name"], orjson.loads(event["data"])) if is_by_object else ""
        assert event["sequence"] > last.get(key, 0), f"out of order: {event['name']} of {key!r}"
        last[key] = event["sequence"]


def _wants(endpoint: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """As the contract says; a line of a first reading goes to those who want each line."""
    is_line = orjson.loads(event["payload"]).get("each_line")
    if endpoint["each_line"] and event["name"] == "transactions.imported":
        return False
    if is_line and not endpoint["each_line"]:
        return False
    return "*" in endpoint["event_types"] or event["name"] in endpoint["event_types"]
