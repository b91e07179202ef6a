"""The open documents, customers and payouts of one tenant, found by keys: never by a scan."""

from bisect import bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from payymo_api.invoicing.rules.accounts import spellings
from payymo_api.invoicing.rules.names import Name, ends, name_of
from payymo_api.invoicing.rules.plain import compact
from payymo_api.reconciliation.rules.numbering import document_keys
from payymo_api.reconciliation.rules.values import Customer, Document, Payout, Rates

CROWD = 400
"""A word in more customers' names than this finds nobody by itself."""
Amount = tuple[str, int]
"""Currency and minor units."""


class Index:
    """What a line may mean. A document is found by number, reference, order, amount or customer."""

    def __init__(self) -> None:
        self.documents: dict[UUID, Document] = {}
        self.customers: dict[UUID, Customer] = {}
        self.names: dict[UUID, tuple[Name, ...]] = {}
        self.payouts: dict[UUID, Payout] = {}
        self._rates: list[Rates] = []
        self._by_key: dict[str, dict[UUID, None]] = {}
        self._by_order: dict[str, dict[UUID, None]] = {}
        self._by_open: dict[Amount, dict[UUID, None]] = {}
        self._of_customer: dict[UUID, dict[UUID, None]] = {}
        self._collected: dict[tuple[str, date], dict[UUID, None]] = {}
        self._by_customer_number: dict[str, dict[UUID, None]] = {}
        self._by_account: dict[str, dict[UUID, None]] = {}
        self._by_word: dict[str, dict[UUID, None]] = {}
        self._crowds: set[str] = set()
        self._paid: dict[Amount, dict[UUID, None]] = {}
        self._payouts_by_amount: dict[Amount, dict[UUID, None]] = {}

    # what changes

    def put_customer(self, customer: Customer) -> None:
        known = self.customers.get(customer.id)
        if known:
            self._customer_entries(known, self.names[customer.id], _drop)
        names = tuple(each for text in customer.names if (each := name_of(text)))
        self.customers[customer.id], self.names[customer.id] = customer, names
        self._customer_entries(customer, names, _add)

    def _customer_entries(
        self, customer: Customer, names: Iterable[Name], change: "_Change"
    ) -> None:
        if customer.number:
            change(self._by_customer_number, compact(customer.number), customer.id)
        for account in customer.accounts:
            for each in spellings(account):
                change(self._by_account, each, customer.id)
        for word in {word for name in names for word in (*name.words, *ends(name.joined))}:
            change(self._by_word, word, customer.id)

    def put_document(self, document: Document) -> None:
        known = self.documents.get(document.id)
        if known:
            self._document_entries(known, _drop)
        self.documents[document.id] = document
        self._document_entries(document, _add)

    def _document_entries(self, document: Document, change: "_Change") -> None:
        for key in document_keys(document):
            change(self._by_key, key, document.id)
        if document.po_number:
            change(self._by_order, compact(document.po_number), document.id)
        if not document.open or document.void:
            return
        signed = -document.open if document.kind == "credit_note" else document.open
        change(self._by_open, (document.currency, signed), document.id)
        if document.customer:
            change(self._of_customer, document.customer, document.id)
        if document.direct_debit and document.collection_on:
            change(self._collected, (document.currency, document.collection_on), document.id)

    def put_payout(self, payout: Payout) -> None:
        known = self.payouts.get(payout.id)
        if known:
            _drop(self._payouts_by_amount, (known.currency, known.amount), known.id)
        self.payouts[payout.id] = payout
        _add(self._payouts_by_amount, (payout.currency, payout.amount), payout.id)

    def put_bearers(self, word: str, customers: Iterable[UUID]) -> None:
        """Say who bears a word; of a crowd, those who matter are enough."""
        for each in customers:
            _add(self._by_word, word, each)

    def put_crowd(self, word: str) -> None:
        """Say that more bear this word than anybody would name."""
        self._crowds.add(word)

    def put_owed(self, currency: str, amount: int, documents: Iterable[UUID]) -> None:
        """Say of which documents so much is open: so many that nobody asks for more of them."""
        for each in documents:
            _add(self._by_open, (currency, amount), each)

    def put_rates(self, rates: Rates) -> None:
        insort(self._rates, rates, key=lambda each: each.on)

    def pay(self, currency: str, amount: int, document: UUID) -> None:
        """Remember that one line paid the document so much: it may come back."""
        _add(self._paid, (currency, amount), document)

    def unpay(self, currency: str, amount: int, document: UUID) -> None:
        _drop(self._paid, (currency, amount), document)

    # what is found

    def paid(self, currency: str, amount: int) -> Iterator[Document]:
        """Find the documents of which one line paid exactly this, the latest first."""
        for id in reversed(self._paid.get((currency, amount), {})):
            if id in self.documents:
                yield self.documents[id]

    def rates_on(self, day: date) -> Rates | None:
        """Return the rates of the day, or the last before it."""
        place = bisect_right(self._rates, day, key=lambda each: each.on)
        return self._rates[place - 1] if place else None

    def named(self, key: str) -> list[Document]:
        return [self.documents[id] for id in self._by_key.get(key, ())]

    def ordered(self, key: str) -> list[Document]:
        return [self.documents[id] for id in self._by_order.get(key, ())]

    def owed(self, currency: str, amount: int) -> dict[UUID, None]:
        """Return the invoices of which exactly this is open; of less than 0 the credit notes."""
        return self._by_open.get((currency, amount), {})

    def open_of(self, customer: UUID) -> list[Document]:
        return [self.documents[id] for id in self._of_customer.get(customer, ())]

    def collected(self, currency: str, on: date) -> list[Document]:
        """Return the open documents whose direct debit is collected on this day."""
        return [self.documents[id] for id in self._collected.get((currency, on), ())]

    def numbered(self, key: str) -> Iterable[UUID]:
        """Return the customers of this number."""
        return self._by_customer_number.get(key, ())

    def holders(self, account: str) -> Iterable[UUID]:
        """Return the customers whose account this is, as the tenant's own records say."""
        return self._by_account.get(account, ())

    def bearers(self, word: str) -> dict[UUID, None]:
        """Return the customers with this word in their name."""
        return self._by_word.get(word, {})

    def is_crowd(self, word: str) -> bool:
        return word in self._crowds or len(self.bearers(word)) > CROWD

    def payouts_of(self, currency: str, amount: int) -> list[Payout]:
        """Return the payouts of this amount, and of as much in the other direction."""
        return [
            self.payouts[id]
            for signed in (amount, -amount)
            for id in self._payouts_by_amount.get((currency, signed), ())
        ]


def _add(entries: dict[Any, dict[UUID, None]], key: Hashable, id: UUID) -> None:
    entries.setdefault(key, {})[id] = None


def _drop(entries: dict[Any, dict[UUID, None]], key: Hashable, id: UUID) -> None:
    found = entries.get(key)
    if found and id in found:
        del found[id]
        if not found:
            del entries[key]


_Change = Callable[[dict[Any, dict[UUID, None]], Hashable, UUID], None]
