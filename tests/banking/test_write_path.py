"""What was made quick says the same as what it replaced."""

import hashlib
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import new_lines
from payymo_api.banking.repository.categories import MemoryRepository
from payymo_api.banking.rules import categorising
from payymo_api.banking.rules.categorising import Label
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.banking.rules.merge import Placed
from payymo_api.banking.schemas.transactions import Counterparty, TransactionNews
from payymo_api.banking.service.news import news
from payymo_api.core.bulk import AT_ONCE
from payymo_api.core.db import Database
from payymo_api.core.fields import money_fields
from payymo_api.core.money import CURRENCIES, Money
from payymo_api.core.types import AccountId, ConnectionId, new_id
from payymo_api.edge import exact
from payymo_api.messaging.models import OutboxEvent
from tests.banking.ledger import FIRST, Ledger, said

# NUL and lone surrogates are no text for PostgreSQL or JSON
words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis takes naive bounds
lines = st.builds(
    Line,
    booked=st.booleans(),
    amount_minor=st.integers(-(10**15) + 1, 10**15 - 1),
    currency=st.sampled_from(sorted(CURRENCIES)),
    booked_on=st.dates(),
    value_on=st.none() | st.dates(),
    booked_at=st.none() | moments,
    description=words,
    reference=st.none() | words,
    end_to_end_id=st.none() | words,
    counterparty_name=st.none() | words,
    counterparty_iban=st.none() | words,
    provider_id=st.none() | words,
    internal_id=st.none() | words,
    source=st.just(FEED),
)


@given(lines)
def test_the_fingerprint_is_the_one_that_rows_have(line: Line) -> None:
    """Were it another, every line would come in twice at the next reading."""

    def plain(text: str | None) -> str:
        folded = unicodedata.normalize("NFKC", text or "").casefold()
        return re.sub(r"[\W_]+", "", folded)

    said = (
        line.description,
        line.reference,
        line.end_to_end_id,
        line.counterparty_name,
        line.counterparty_iban,
    )
    parts = [line.booked_on.isoformat(), str(line.amount_minor), line.currency, *map(plain, said)]
    told = "\x1f".join(parts).encode("utf-8", "replace")
    assert line.fingerprint == hashlib.blake2b(told, digest_size=16).digest()


@given(words | st.text(st.characters(codec="ascii")))
def test_words_are_letters_and_digits_of_the_folded_text(told: str) -> None:
    folded = unicodedata.normalize("NFKC", told).casefold()
    assert categorising.words(told) == re.sub(r"[\W_]+", " ", folded).strip()


@given(lines, moments, st.booleans())
def test_news_are_what_the_schema_writes(line: Line, moment: datetime, has_feed: bool) -> None:  # noqa: FBT001  hypothesis fills it
    row = new_lines.new_line(
        AccountId(new_id()), Placed(line, 1), Label("Corner Cafe", "sales", "rule"), moment
    )
    connection_id = ConnectionId(new_id()) if has_feed else None

    shown = TransactionNews.model_fields.keys() & set(row.__slots__) - {"raw"}
    model = TransactionNews(
        **{name: getattr(row, name) for name in shown}
        | money_fields(Money(row.amount_minor, row.currency)),
        connection_id=connection_id,
        counterparty=Counterparty(name=row.counterparty_name, iban=row.counterparty_iban),
        raw=None,
        transaction_id=row.id,
        date=row.booked_on,
    )
    assert news(row, connection_id) == exact.dump(model).decode()


async def test_more_lines_than_one_statement_takes(database: Database) -> None:
    ledger = await Ledger.fresh(database)
    async with database.scope(ledger.tenant_id) as scope:
        await MemoryRepository(scope).remember({("merchant", "corner cafe", "in"): "sales"})
    cafe = {"counterparty_name": "Corner Cafe"}
    told = [said(minor, f"line {minor}", **cafe) for minor in range(1, AT_ONCE + 3)]

    await ledger.tell(0, told)

    rows = await ledger.lines()
    assert {row.amount_minor for row in rows} == {line.amount_minor for line in told}
    assert len(rows) == len(told)
    assert {(row.category, row.category_source) for row in rows} == {("sales", "memory")}
    async with database.scope(ledger.tenant_id) as scope:
        events = (
            await scope.session.scalars(select(OutboxEvent.data).order_by(OutboxEvent.id))
        ).all()
    created = [orjson.loads(each) for each in events if each]
    assert [each["amount_minor"] for each in created] == [line.amount_minor for line in told]


async def test_a_row_holds_everything_that_the_bank_said(database: Database) -> None:
    raw: dict[str, Any] = {"reference": 2**70, "nested": [{"a": None}], "text": 'é \\ " \u2028'}
    line = said(
        -1999,
        "Überweisung {1,2} \\N NULL",
        booked_on=FIRST + timedelta(days=1),
        value_on=date(2026, 3, 1),
        booked_at=datetime(2026, 2, 28, 23, 59, 59, 999999, UTC),
        reference='"quoted", with comma',
        counterparty_iban="GB33BUKB20201555555555",
        raw=raw,
    )
    ledger = await Ledger.fresh(database)

    await ledger.tell(0, [line])

    (row,) = await ledger.lines()
    for name in new_lines.TOLD:
        assert getattr(row, name) == getattr(line, name)
    assert row.raw == raw
    assert (row.fingerprint, row.occurrence, row.status) == (line.fingerprint, 1, "booked")


async def test_telling_the_same_again_writes_no_row(database: Database) -> None:
    ledger = await Ledger.fresh(database)
    told = [said(minor, booked=minor % 5 > 0) for minor in range(1, 40)]
    await ledger.tell(0, told)
    before = await _versions(ledger)

    await ledger.tell(0, told)

    assert await _versions(ledger) == before


async def _versions(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Every row of the tenant that a reading may write, with the place of its version."""
    found: list[tuple[Any, ...]] = []
    async with ledger.database.scope(ledger.tenant_id) as scope:
        for table in (Transaction.__tablename__, "daily_rollups", "outbox_events"):
            statement = text(f"SELECT ctid::text, xmin::text, xmax::text FROM {table} ORDER BY 1")  # noqa: S608  ours
            found += [tuple(row) for row in await scope.session.execute(statement)]
    return found
