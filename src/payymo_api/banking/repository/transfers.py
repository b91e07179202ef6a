"""What pairing own transfers reads: by amount and day, so that cost follows what is new."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import (
    BigInteger,
    Date,
    TableValuedAlias,
    Text,
    column,
    func,
    literal,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository.labels import READ, Labelled
from payymo_api.banking.repository.transactions import TransactionRepository
from payymo_api.banking.rules.categories import TRANSFER
from payymo_api.banking.rules.categorising import words
from payymo_api.banking.rules.transfers import NEAR, OwnAccount
from payymo_api.core.repository import among
from payymo_api.core.types import AccountId, TransactionId

MOST_ALIKE = 50
"""More lines of one amount and season than this are a crowd, of which no pair stands out."""
_AROUND = 3 * NEAR
_FREE = (
    # Written out as text, as the partial index has it: only then does the planner use it.
    text(
        "transactions.match_state IN ('unmatched', 'suggested', 'partial')"
        " AND transactions.status = 'booked' AND transactions.removed_at IS NULL"
    ),
    Transaction.match_state.in_(("unmatched", "suggested")),
    Transaction.transfer_of.is_(None),
    or_(Transaction.category_source.is_distinct_from("user"), Transaction.category == TRANSFER),
)


class TransferRepository(TransactionRepository):
    """The lines that may be halves of transfers."""

    async def hold(self) -> None:
        """Let one transaction at a time pair this tenant's lines, until it ends."""
        key = func.hashtextextended(f"transfers:{self._tenant_id}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def own_accounts(self) -> Mapping[AccountId, OwnAccount]:
        statement = select(
            BankAccount.id, BankAccount.iban, BankAccount.owner_name, BankAccount.name
        ).where(BankAccount.tenant_id == self._tenant_id)
        return {
            row.id: OwnAccount(
                row.iban, frozenset(filter(None, (words(row.owner_name), words(row.name))))
            )
            for row in await self._session.execute(statement)
        }

    async def around(self, lines: Collection[Transaction]) -> Sequence[Labelled]:
        """Return free lines of these sizes and seasons, either sign; none of a crowded size."""
        each = _wanted(lines)
        alike = (
            select(*READ)
            .where(
                Transaction.tenant_id == self._tenant_id,
                *_FREE,
                Transaction.currency == each.c.currency,
                Transaction.amount_minor == each.c.minor,
                Transaction.booked_on.between(each.c.first, each.c.last),
            )
            .limit(MOST_ALIKE + 1)
            .lateral()
        )
        statement = select(each.c.first, alike).join_from(each, alike, true())
        rows = (await self._session.execute(statement)).all()
        seasons = Counter((row.currency, row.amount_minor, row.first) for row in rows)
        crowded = {
            (currency, abs(minor))
            for (currency, minor, _), count in seasons.items()
            if count > MOST_ALIKE
        }
        found = {
            row.id: row for row in rows if (row.currency, abs(row.amount_minor)) not in crowded
        }
        return cast("Sequence[Labelled]", list(found.values()))

    async def locked_free(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        """Lock those that are still free; what another holds is left to it."""
        statement = (
            self.select()
            .where(among(Transaction.id, ids), *_FREE)
            .order_by(Transaction.id)
            .with_for_update(skip_locked=True, key_share=True)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(statement)).all()


def _wanted(lines: Collection[Transaction]) -> TableValuedAlias:
    """Return a table of currency, amount and the days around, a row for each that is looked for."""
    keys = {
        (line.currency, sign * line.amount_minor, line.booked_on)
        for line in lines
        for sign in (1, -1)
    }
    currencies, amounts, days = zip(*sorted(keys), strict=True)
    return (
        func.unnest(
            literal(list(currencies), ARRAY(Text())),
            literal(list(amounts), ARRAY(BigInteger())),
            literal([day - _AROUND for day in days], ARRAY(Date())),
            literal([day + _AROUND for day in days], ARRAY(Date())),
        )
        .table_valued(
            column("currency", Text()),
            column("minor", BigInteger()),
            column("first", Date()),
            column("last", Date()),
        )
        .render_derived(name="wanted")
    )
