"""A reading's write path: a first sync of many lines, and one that brings no news.

The bank is a stand-in that parses an answer in the provider's format, so parsing is timed, the
network not. The baseline parses and fingerprints the same answer and copies rows and events into
tables with the same columns, indexes and keys, but without row-level security, which COPY refuses.
"""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import asyncpg
import orjson

from benchmarks.harness import Bench, interleaved, ratio
from benchmarks.results import Result
from benchmarks.seeding import DAYS, seed_lines
from payymo_api.banking.gateway import Allowance, BalancePage, BankTransaction, TransactionPage
from payymo_api.banking.gateway.gocardless.lines import read_lines
from payymo_api.banking.models import BankAccount, BankConnection
from payymo_api.banking.repository import AccountRepository, RunRepository
from payymo_api.banking.repository.new_lines import WRITTEN, NewLine, new_line
from payymo_api.banking.rules.categorising import Label
from payymo_api.banking.rules.line import FEED, read
from payymo_api.banking.rules.merge import Placed
from payymo_api.banking.service.banks import Banks
from payymo_api.banking.service.news import news
from payymo_api.banking.service.sync import sync_account
from payymo_api.core.types import AccountId, ConnectionId, RunId, TenantId, new_id

MOST = 100_000
"""Lines of a first sync, unless `--rows` is less."""
IN_WINDOW = 100
"""Lines that the bank tells where it has no news."""
READINGS = 20
_EVENT = ("id", "name", "payload", "data")


@dataclass(frozen=True, slots=True)
class Bank:
    """Answers with the same body, whatever it is asked."""

    body: bytes

    async def transactions(self, *_: object) -> TransactionPage:
        return TransactionPage(_parsed(self.body), [], _plenty())

    async def balances(self, *_: object) -> BalancePage:
        return BalancePage([], [], _plenty())


def _plenty() -> Allowance:
    return Allowance(10_000, 9_999, datetime.now(UTC) + timedelta(days=1))


def _parsed(body: bytes) -> list[BankTransaction]:
    found, rejected = read_lines(orjson.loads(body)["transactions"]["booked"], booked=True)
    assert not rejected
    return found


def _answer(lines: int, days: int) -> bytes:
    """What a bank tells: card payments, transfers, wages, over these days up to today."""
    chance, today = random.Random(lines), datetime.now(UTC).date()
    booked = []
    for number in range(lines):
        day = today - timedelta(days=days - 1 - number * days // lines)
        minor, shop = chance.randint(-90_000, 60_000) or 1, chance.randint(1, 900)
        party = "debtor" if minor > 0 else "creditor"
        booked.append(
            {
                "transactionId": f"2026{number:012d}-{shop}",
                "internalTransactionId": f"{chance.getrandbits(128):032x}",
                "bookingDate": day.isoformat(),
                "valueDate": day.isoformat(),
                "transactionAmount": {"amount": f"{minor / 100:.2f}", "currency": "GBP"},
                f"{party}Name": f"Trader {shop} Ltd",
                f"{party}Account": {"iban": f"GB33BUKB20201555{shop:06d}"},
                "remittanceInformationUnstructured": f"INV-{number:07d} card payment, ref {shop}",
                "proprietaryBankTransactionCode": "PMT",
            }
        )
    return orjson.dumps({"transactions": {"booked": booked, "pending": []}})


async def measure(bench: Bench) -> Sequence[Result]:
    count = min(MOST, bench.rows)
    body = _answer(count, DAYS)
    copying = await Copying.prepared(bench, body)
    ours, base = await interleaved(
        bench.rounds, lambda: _first_sync(bench, body), lambda: copying.run(body)
    )
    figures = f"{statistics.median(ours):.1f} s against {statistics.median(base):.1f} s"
    return [
        Result(
            f"first sync of {count:,} lines, to committed",
            "parse, fingerprint, COPY of lines and events",
            ratio(base, ours),
            "≥ 0.5",
            figures,
        ),
        await _without_news(bench),
    ]


async def _first_sync(bench: Bench, body: bytes) -> float:
    tenant_id, _ = await bench.tenant("first sync")
    account_id = await _connected(bench, tenant_id)
    return (await _sync(bench, tenant_id, account_id, body)).clock


class Took(NamedTuple):
    """Seconds: by the clock, and of them in this process."""

    clock: float
    process: float


async def _sync(bench: Bench, tenant_id: TenantId, account_id: AccountId, body: bytes) -> Took:
    """Queue a run, and time it as a worker carries it out."""
    async with bench.database.scope(tenant_id) as scope:
        account = await AccountRepository(scope).get(account_id)
        run = await RunRepository(scope).open(account, "refresh")
    assert run
    banks = Banks({"gocardless": Bank(body)})  # type: ignore[dict-item]  # all that a reading asks
    began = time.perf_counter(), time.process_time()
    await sync_account(bench.database, banks, tenant_id, account_id, RunId(run.id))
    took = Took(time.perf_counter() - began[0], time.process_time() - began[1])
    async with bench.database.scope(tenant_id) as scope:
        done = await RunRepository(scope).get(run.id)
    assert done.status == "succeeded", done.error_code
    return took


async def _connected(bench: Bench, tenant_id: TenantId) -> AccountId:
    """Make an account with the feed of an active connection."""
    connection_id, account_id = ConnectionId(new_id()), AccountId(new_id())
    async with bench.database.scope(tenant_id) as scope:
        scope.session.add(
            BankConnection(
                tenant_id=tenant_id,
                id=connection_id,
                provider="gocardless",
                institution_id="bench",
                institution={},
                status="active",
                redirect_url="",
                history_days=DAYS,
            )
        )
        await scope.session.flush()
        AccountRepository(scope).add(
            BankAccount(
                id=account_id,
                connection_id=connection_id,
                provider_ref="bench",
                currency="GBP",
                status="active",
            )
        )
    return account_id


@dataclass(frozen=True, slots=True)
class Copying:
    """The baseline: tables without policies, and events whose JSON was made beforehand."""

    bench: Bench
    owner: asyncpg.Connection
    news: Sequence[str]

    @classmethod
    async def prepared(cls, bench: Bench, body: bytes) -> "Copying":
        owner = await asyncpg.connect(bench.settings.database_url)
        await owner.execute(_CLONES)
        told = [news(row, None) for row in _rows(body, AccountId(new_id()))]
        return cls(bench, owner, told)

    async def run(self, body: bytes) -> float:
        tenant_id, _ = await self.bench.tenant("baseline")
        account_id = await _connected(self.bench, tenant_id)
        began = time.perf_counter()
        rows = _rows(body, account_id)
        lines = ((tenant_id, *(getattr(row, name) for name in WRITTEN)) for row in rows)
        kind, payload = "transaction.created", '{"each_line":true}'
        events = ((tenant_id, new_id(), kind, payload, told) for told in self.news)
        async with self.owner.transaction():
            for table, columns, records in (
                ("plain_lines", WRITTEN, lines),
                ("plain_events", _EVENT, events),
            ):
                await self.owner.copy_records_to_table(
                    table, columns=("tenant_id", *columns), records=records
                )
        return time.perf_counter() - began


_CLONES = """
CREATE TABLE plain_lines (LIKE transactions INCLUDING ALL);
CREATE TABLE plain_events (LIKE outbox_events INCLUDING ALL);
ALTER TABLE plain_lines
    ADD FOREIGN KEY (tenant_id, account_id) REFERENCES bank_accounts (tenant_id, id);
"""


def _rows(body: bytes, account_id: AccountId) -> list[NewLine]:
    moment = datetime.now(UTC)
    lines = [read(each, FEED, moment.date()) for each in _parsed(body)]
    label = Label(None, None, None)
    return [new_line(account_id, Placed(line, 1), label, moment) for line in lines if line]


async def _without_news(bench: Bench) -> Result:
    """An account with many lines before the days that are read anew, told as we have it."""
    tenant_id, _ = await bench.tenant("no news")
    account_id = await _connected(bench, tenant_id)
    body = _answer(IN_WINDOW, 14)
    await _sync(bench, tenant_id, account_id, body)
    rows = min(bench.rows, 1_000_000)
    await seed_lines(bench, {tenant_id: rows}, last_days_ago=30)
    connection = await bench.connect(tenant_id)
    before = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    took = [await _sync(bench, tenant_id, account_id, body) for _ in range(READINGS)]
    written = await connection.fetchval(_WRITTEN_SINCE, before)
    await connection.close()
    return Result(
        f"reading without news, account of {rows:,} lines, {IN_WINDOW} told",
        "our own time, ms",
        statistics.median(each.clock for each in took) * 1000,
        "≤ 20",
        f"{statistics.median(each.process for each in took) * 1000:.0f} ms of it in our process;"
        f" {written} versions of lines, rollups and public events written",
    )


_WRITTEN_SINCE = """
SELECT (SELECT count(*) FROM transactions WHERE xmin::text::bigint > $1)
    + (SELECT count(*) FROM daily_rollups WHERE xmin::text::bigint > $1)
    + (SELECT count(*) FROM outbox_events WHERE xmin::text::bigint > $1 AND data IS NOT NULL)
"""
