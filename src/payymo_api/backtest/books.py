"""Customers, invoices and credit notes as the engine's documents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import NAMESPACE_OID, UUID, uuid5

from payymo_api.backtest import words
from payymo_api.backtest.past import Books
from payymo_api.backtest.tables import Row, Table
from payymo_api.reconciliation.rules.values import Customer, Discount, Document, DocumentKind


def number_key(number: str) -> str:
    return "".join(number.casefold().split())


@dataclass(slots=True)
class _Customers:
    """Customers by number and by name; an invoice makes the one that no file lists."""

    found: list[Customer] = field(default_factory=list)
    by_key: dict[str, UUID] = field(default_factory=dict)

    def add(self, customer: Customer, id: str | None = None) -> None:
        self.found.append(customer)
        for text in (id, customer.number, *customer.names):
            if text:
                self.by_key.setdefault(words.plain(text), customer.id)

    def of(self, id: str | None, number: str | None, name: str | None) -> UUID | None:
        told = [text for text in (id, number, name) if text]
        if not told:
            return None
        known = (self.by_key.get(words.plain(text)) for text in told)
        return next(filter(None, known), None) or self._made(told[0], number, name)

    def _made(self, key: str, number: str | None, name: str | None) -> UUID:
        made = Customer(_id("customer", key), (name or key,), number)
        self.add(made, key)
        return made.id


def read_books(
    customers: Sequence[Table],
    invoices: Sequence[Table],
    credit_notes: Sequence[Table],
    usual: str | None,
) -> Books:
    """`usual`: the currency of a document that names none."""
    known = _Customers()
    for table in customers:
        table.need("name")
        for row in table.rows:
            known.add(_customer(table, row), table.text(row, "id"))
    maker = _Documents(known, usual)
    for table in invoices:
        maker.add_all(table, "invoice")
    for table in credit_notes:
        maker.add_all(table, "credit_note")
    return Books(maker.made, known.found, maker.closed_on, maker.paid, maker.paid_with)


def _customer(table: Table, row: Row) -> Customer:
    name, number = table.needed(row, "name"), table.text(row, "number")
    others = (table.text(row, "trading_name"),)
    accounts = re.split(r"[;,|]", table.text(row, "accounts") or "")
    return Customer(
        id=_id("customer", table.text(row, "id") or number or name),
        names=(name, *(each for each in others if each)),
        number=number,
        is_person=table.is_one_of(row, "is_person", words.YES),
        accounts=tuple("".join(each.split()) for each in accounts if each.strip()),
        country=table.text(row, "country"),
    )


@dataclass(slots=True)
class _Documents:
    customers: _Customers
    usual: str | None
    made: list[Document] = field(default_factory=list)
    closed_on: dict[UUID, date] = field(default_factory=dict)
    paid: set[UUID] = field(default_factory=set)
    paid_with: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    def add_all(self, table: Table, kind: DocumentKind) -> None:
        """`kind`: of the rows that do not say it themselves."""
        table.need("number", "issued_on")
        if "amount_minor" not in table.columns:
            table.need("amount")
        for row in table.rows:
            self._add(table, row, kind)

    def _add(self, table: Table, row: Row, kind: DocumentKind) -> None:
        document = self._document(table, row, kind)
        self.made.append(document)
        if closed := table.day(row, "paid_on"):
            self.closed_on[document.id] = closed
        if closed or table.is_one_of(row, "status", words.PAID):
            self.paid.add(document.id)
        if told := table.text(row, "paid_with"):
            names = (each.strip() for each in re.split(r"[;,|]", told))
            self.paid_with[document.id] = tuple(name for name in names if name)

    def _document(self, table: Table, row: Row, kind: DocumentKind) -> Document:
        number, currency = self._number(table, row), table.currency(row, self.usual)
        amount, issued_on = table.minor(row, currency), table.day(row, "issued_on")
        if issued_on is None:
            raise table.refusal(row, "issued_on", "is empty")
        names_credit = table.is_one_of(row, "kind", words.CREDIT_NOTE)
        return Document(
            id=_id("document", number_key(number)),
            kind="credit_note" if names_credit or amount < 0 else kind,
            number=number,
            currency=currency,
            amount=abs(amount),
            open=abs(amount),
            issued_on=issued_on,
            due_on=table.day(row, "due_on"),
            customer=self.customers.of(
                table.text(row, "customer_id"),
                table.text(row, "customer_number"),
                table.text(row, "customer_name"),
            ),
            creditor_reference=table.text(row, "creditor_reference"),
            po_number=table.text(row, "po_number"),
            direct_debit=table.is_one_of(row, "direct_debit", words.DIRECT_DEBIT),
            collection_on=table.day(row, "collection_on"),
            discount=_discount(table, row),
            void=table.is_one_of(row, "status", words.VOID),
        )

    def _number(self, table: Table, row: Row) -> str:
        number = table.needed(row, "number")
        if number_key(number) in self.numbers:
            raise table.refusal(
                row, "number", f"{number!r} stands twice; a row is a whole document"
            )
        self.numbers.add(number_key(number))
        return number


def _discount(table: Table, row: Row) -> Discount | None:
    percent, days = table.percent(row, "discount_percent"), table.whole(row, "discount_days")
    return Discount(percent, days) if percent and days else None


def _id(kind: str, name: str) -> UUID:
    return uuid5(NAMESPACE_OID, f"{kind} {name}")
