"""What the engine reads: by key, for a batch of lines at once, and so much of each at most.

So a look costs what the lines say, not what exists. Conditions of partial indexes are written out
as the indexes have them: only then does the planner use them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from payymo_api.banking.models import Transaction
from payymo_api.core.repository import TenantRepository, among
from payymo_api.core.types import TransactionId
from payymo_api.invoicing.rules.keys import CustomerKeyKind
from payymo_api.reconciliation.rules.hypotheses import MOST_ALIKE
from payymo_api.reconciliation.rules.index import CROWD
from payymo_api.reconciliation.rules.payer import MOST_COMPARED
from payymo_api.reconciliation.rules.values import Customer, Discount, Document

Amount = tuple[str, int]
"""Currency and minor units."""
_SOME = 10
"""Of equal documents so many may be settled by lines of other amounts."""
_MOST_OWED = 400  # of one customer
_UNEXAMINED = text(
    "transactions.examined_at IS NULL AND transactions.match_state IN ('unmatched', 'suggested')"
    " AND transactions.status = 'booked' AND transactions.removed_at IS NULL"
)
_OPEN_DOCUMENT = "i.status IN ('open', 'partially_paid') AND i.removed_at IS NULL"
_DOCUMENT = (
    "i.id, i.kind, i.number, i.currency, i.amount_minor, i.settled_minor, i.status, i.issued_on,"
    " i.due_on, i.customer_id, i.creditor_reference, i.po_number, i.collection_method,"
    " i.collection_on, i.discount_percent, i.discount_days"
)


class Own(NamedTuple):
    accounts: Collection[str]
    names: Collection[str]


class Candidates(TenantRepository[Transaction]):
    """The engine's reads for one tenant."""

    model = Transaction

    async def unexamined(self, limit: int) -> Sequence[Transaction]:
        """Return lines that wait, the oldest first, locked; another worker's are left to it."""
        statement = (
            self.select()
            .where(_UNEXAMINED)
            .order_by(Transaction.booked_on, Transaction.id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
        return (await self._session.scalars(statement)).all()

    async def twins(self, rows: Collection[Transaction]) -> Sequence[Transaction]:
        """Return the lines of the same account that say word for word the same, these too."""
        fingerprints = {row.fingerprint for row in rows}
        statement = self.select().where(
            among(Transaction.account_id, {row.account_id for row in rows}),
            Transaction.fingerprint.in_(fingerprints),
        )
        return (await self._session.scalars(statement)).all() if rows else ()

    async def own(self) -> Own:
        rows = await self._fetch(_OWN)
        accounts = {each for row in rows for each in (row["iban"], row["other_id"]) if each}
        names = {each for row in rows for each in (row["name"], row["owner_name"]) if each}
        return Own(accounts, names)

    # documents

    async def named(self, keys: Collection[str]) -> list[Document]:
        """Return what these keys name, paid or open: of one key the latest documents."""
        return _documents(await self._fetch(_NAMED, list(keys)))

    async def alike(
        self, amounts: Mapping[Amount, int]
    ) -> tuple[list[Document], list[tuple[Amount, Sequence[UUID]]]]:
        """Return the invoices of which exactly so much is open, of less than 0 the credit notes.

        `amounts`: how many lines there are of each. Where the documents stay more than the engine
        minds though each of those lines settles one, there are only their ids, by amount.
        """
        most = [MOST_ALIKE + count + _SOME for count in amounts.values()]
        rows = await self._fetch(_ALIKE, *_columns(amounts, 2), most)
        crowds = [((row["owed_in"], row["owed"]), row["ids"]) for row in rows if row["id"] is None]
        return _documents(row for row in rows if row["id"] is not None), crowds

    async def owed(self, customers: Collection[UUID]) -> list[Document]:
        """Return what is open of these customers, the oldest first."""
        return _documents(await self._fetch(_OWED, list(customers)))

    async def collected(self, days: Collection[tuple[str, Any, int]]) -> list[Document]:
        """Return the direct debits of these days (currency, day, line's amount) that add up."""
        return _documents(await self._fetch(_COLLECTED, *_columns(days, 3))) if days else []

    async def paid(self, amounts: Collection[Amount]) -> list[tuple[Amount, Document]]:
        """Return what one line paid exactly this of, the latest last."""
        rows = await self._fetch(_PAID, *_columns(amounts, 2)) if amounts else ()
        return [((row["paid_in"], row["paid"]), _document(row)) for row in rows]

    # customers

    async def holders(
        self, keys: Collection[tuple[CustomerKeyKind, str]]
    ) -> Mapping[tuple[str, str], Sequence[UUID]]:
        """Return key -> the customers of whom it speaks; of a crowd's, none."""
        rows = await self._fetch(_HOLDERS, *_columns(keys, 2)) if keys else ()
        return {(row["kind"], row["key"]): row["customers"] for row in rows}

    async def bearing(self, pairs: Collection[tuple[str, UUID]]) -> list[tuple[str, UUID]]:
        """Return those pairs of a word and a customer whose name holds it."""
        rows = await self._fetch(_BEARING, *_columns(pairs, 2)) if pairs else ()
        return [(row["key"], row["customer_id"]) for row in rows]

    async def sharing(self, groups: Sequence[Collection[str]]) -> list[tuple[str, UUID]]:
        """Return who bears two words or more of a group of crowded ones, and which."""
        places = [place for place, group in enumerate(groups) for _ in group]
        words = [word for group in groups for word in group]
        rows = await self._fetch(_SHARING, places, words) if groups else ()
        return [(word, row["customer_id"]) for row in rows for word in row["words"]]

    async def customers(self, ids: Collection[UUID]) -> list[Customer]:
        rows = await self._fetch(_CUSTOMERS, list(ids)) if ids else ()
        return [
            Customer(
                row["id"],
                tuple(each for each in (row["name"], row["trading_name"]) if each),
                number=row["number"],
                is_person=row["is_person"],
                accounts=tuple(row["iban"]),
                country=row["country"],
            )
            for row in rows
        ]

    async def reserved(
        self, documents: Collection[UUID]
    ) -> list[tuple[tuple[Any, TransactionId], UUID]]:
        """Return (day, id) of each line that waits for a decision, with what it is to settle."""
        rows = await self._fetch(_RESERVED, list(documents)) if documents else ()
        return [((row["booked_on"], row["id"]), row["invoice_id"]) for row in rows]

    async def _fetch(self, statement: str, *values: object) -> Sequence[Mapping[Any, Any]]:
        return await self.scope.fetch(statement, self._tenant_id, *values)


def is_closed(status: str) -> bool:
    """Tell whether the document takes no money, whatever of it is settled."""
    return status in {"paid", "void"}


def _columns(rows: Collection[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]


def _documents(rows: Iterable[Mapping[Any, Any]]) -> list[Document]:
    return [_document(row) for row in rows]


def _document(row: Mapping[Any, Any]) -> Document:
    percent, days = row["discount_percent"], row["discount_days"]
    left = row["amount_minor"] - row["settled_minor"]
    return Document(
        id=row["id"],
        kind=row["kind"],
        number=row["number"],
        currency=row["currency"],
        amount=row["amount_minor"],
        open=0 if is_closed(row["status"]) else left,
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        customer=row["customer_id"],
        creditor_reference=row["creditor_reference"],
        po_number=row["po_number"],
        direct_debit=row["collection_method"] == "direct_debit",
        collection_on=row["collection_on"],
        discount=None if percent is None or days is None else Discount(percent, days),
        void=row["status"] == "void",
    )


_OWN = (
    "SELECT a.iban, a.other_id, a.owner_name, o.name FROM tenants o"
    " LEFT JOIN bank_accounts a ON a.tenant_id = o.tenant_id WHERE o.tenant_id = $1"
)
_NAMED = f"""
SELECT {_DOCUMENT} FROM (
    SELECT DISTINCT few.invoice_id FROM unnest($2::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT k.invoice_id FROM document_keys k WHERE k.tenant_id = $1 AND k.key = wanted.key
        ORDER BY k.invoice_id DESC LIMIT {MOST_ALIKE + 1}
    ) AS few
) AS found JOIN invoices i ON i.tenant_id = $1 AND i.id = found.invoice_id
WHERE i.removed_at IS NULL ORDER BY i.id
"""  # noqa: S608  our own names
_ALIKE = f"""
SELECT {_DOCUMENT}, wanted.currency AS owed_in, wanted.minor AS owed,
    CASE WHEN i.id IS NULL THEN few.ids END AS ids
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS wanted (currency, minor, most)
CROSS JOIN LATERAL (
    SELECT array_agg(one.id) AS ids FROM (
        SELECT i.id FROM invoices i
        WHERE i.tenant_id = $1 AND i.currency = wanted.currency
        AND i.open_minor = abs(wanted.minor)
        AND i.kind = CASE WHEN wanted.minor < 0 THEN 'credit_note' ELSE 'invoice' END
        AND {_OPEN_DOCUMENT} LIMIT wanted.most + 1
    ) AS one
) AS few
LEFT JOIN invoices i ON i.tenant_id = $1 AND i.id = ANY(few.ids)
    AND cardinality(few.ids) <= wanted.most
WHERE few.ids IS NOT NULL
"""  # noqa: S608  our own names
_OWED = f"""
SELECT i.* FROM unnest($2::uuid[]) AS wanted (customer_id)
CROSS JOIN LATERAL (
    SELECT {_DOCUMENT} FROM invoices i
    WHERE i.tenant_id = $1 AND i.customer_id = wanted.customer_id AND {_OPEN_DOCUMENT}
    ORDER BY i.issued_on, i.id LIMIT {_MOST_OWED}
) AS i
"""  # noqa: S608  our own names
_COLLECTED = f"""
SELECT {_DOCUMENT} FROM (
    SELECT wanted.currency, wanted.day
    FROM (
        SELECT currency, day, array_agg(minor) AS minors
        FROM unnest($2::text[], $3::date[], $4::bigint[]) AS each (currency, day, minor)
        GROUP BY currency, day
    ) AS wanted
    JOIN invoices i ON i.tenant_id = $1 AND i.currency = wanted.currency
        AND i.collection_on = wanted.day AND {_OPEN_DOCUMENT}
    WHERE i.collection_method = 'direct_debit'
    GROUP BY wanted.currency, wanted.day, wanted.minors
    HAVING sum(i.open_minor) = ANY (wanted.minors)
) AS whole
JOIN invoices i ON i.tenant_id = $1 AND i.currency = whole.currency AND i.collection_on = whole.day
    AND {_OPEN_DOCUMENT}
WHERE i.collection_method = 'direct_debit' ORDER BY i.id
"""  # noqa: S608  our own names
_PAID = f"""
SELECT {_DOCUMENT}, few.paid_in, few.paid
FROM unnest($2::text[], $3::bigint[]) AS wanted (currency, minor)
CROSS JOIN LATERAL (
    SELECT a.id, a.invoice_id, wanted.currency AS paid_in, wanted.minor AS paid
    FROM allocations a JOIN matches m ON m.tenant_id = $1 AND m.id = a.match_id
    WHERE a.tenant_id = $1 AND a.currency = wanted.currency AND a.amount_minor = wanted.minor
    AND a.document_type = 'invoice' AND m.status = 'active'
    ORDER BY a.id DESC LIMIT {MOST_ALIKE}
) AS few
JOIN invoices i ON i.tenant_id = $1 AND i.id = few.invoice_id
WHERE i.removed_at IS NULL ORDER BY few.id
"""  # noqa: S608  our own names
_HOLDERS = f"""
SELECT wanted.kind, wanted.key, few.customers
FROM unnest($2::text[], $3::text[]) AS wanted (kind, key)
CROSS JOIN LATERAL (
    SELECT count(*) AS bearers,
        CASE WHEN count(*) > {CROWD} THEN '{{}}' ELSE array_agg(one.customer_id) END AS customers
    FROM (
        SELECT k.customer_id FROM customer_keys k
        WHERE k.tenant_id = $1 AND k.kind = wanted.kind AND k.key = wanted.key
        ORDER BY k.customer_id LIMIT {CROWD + 1}
    ) AS one
) AS few
WHERE few.bearers > 0
"""  # noqa: S608  our own names
_BEARING = """
SELECT k.key, k.customer_id FROM unnest($2::text[], $3::uuid[]) AS wanted (key, customer_id)
JOIN customer_keys k ON k.tenant_id = $1 AND k.kind = 'word' AND k.key = wanted.key
    AND k.customer_id = wanted.customer_id
"""
_SHARING = f"""
SELECT few.customer_id, few.words FROM (
    SELECT place, array_agg(word) AS words
    FROM unnest($2::bigint[], $3::text[]) AS each (place, word) GROUP BY place
) AS wanted
CROSS JOIN LATERAL (
    SELECT k.customer_id, array_agg(k.key) AS words FROM customer_keys k
    WHERE k.tenant_id = $1 AND k.kind = 'word' AND k.key = ANY(wanted.words)
    GROUP BY k.customer_id HAVING count(*) > 1
    ORDER BY count(*) DESC, k.customer_id LIMIT {MOST_COMPARED}
) AS few
"""  # noqa: S608  our own names
_CUSTOMERS = (
    "SELECT c.id, c.number, c.name, c.trading_name, c.country, c.is_person, c.iban"
    " FROM customers c WHERE c.tenant_id = $1 AND c.id = ANY($2::uuid[])"
    " AND c.removed_at IS NULL ORDER BY c.id"
)
_RESERVED = """
SELECT d.invoice_id, t.booked_on, t.id FROM suggestion_documents d
JOIN suggestions s ON s.tenant_id = $1 AND s.id = d.suggestion_id AND s.status = 'pending'
JOIN transactions t ON t.tenant_id = $1 AND t.id = s.transaction_id
WHERE d.tenant_id = $1 AND d.invoice_id = ANY($2::uuid[]) AND d.place = 0
ORDER BY t.booked_on, t.id
"""
