"""A tenant: its customers, what it bills in a year, and its books as the year goes by."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from benchmarks.matching.banks import Bank
from benchmarks.matching.book import Book
from benchmarks.matching.chance import business_day, digits, happens, one_of, weighted
from benchmarks.matching.numbers import Numbering, iban
from benchmarks.matching.people import CURRENCIES, NAMES, company, customer
from benchmarks.matching.rates import Rates
from benchmarks.matching.values import FIRST, LAST, Customer, Document

PROFILES = ("services", "rent", "saas", "utility", "wholesale", "ecommerce")
_TERMS = {7: 2, 10: 2, 14: 3, 21: 2, 28: 1, 30: 5, 42: 1, 60: 2, 90: 0.5}
_SIZE = {"GBP": 1, "CHF": 1, "EUR": 1, "PLN": 4, "DKK": 7, "NOK": 11, "SEK": 11, "CZK": 25}
_PRICES = (990, 1900, 2450, 4900, 7900, 12500, 18900, 29900, 64500, 89000, 115000)
_INVOICES_A_LINE = 0.85
_RECURRING = {"rent": 0.8, "saas": 0.6, "utility": 0.4}
_CUSTOMERS = {"rent": 0.11, "saas": 0.2, "utility": 0.4, "services": 0.16, "wholesale": 0.09}


@dataclass(slots=True)
class Tenant:
    rng: Random
    id: str
    name: str
    country: str
    currency: str
    profile: str
    accounts: tuple[str, str]
    bank: Bank
    numbering: Numbering
    customers: list[Customer]
    book: Book
    rates: Rates
    lines_a_year: int
    stripe: bool
    credit_word: str
    issued: int = 0

    @property
    def short(self) -> str:
        return self.id.removeprefix("ten_")

    def bill(self, who: Customer, day: date, amount: int, *, recurring: bool = False) -> Document:
        rng = self.rng
        number, reference = self.numbering.take(who, day)
        due = day + timedelta(who.terms)
        document = Document(
            id=self._next_id(),
            kind="invoice",
            number=number,
            customer=who,
            issued=day,
            due=due,
            currency=who.currency,
            amount=amount,
            open=amount,
            po=digits(rng, 7),
            expected=_expected(rng, day, due),
            reference=reference,
            recurring=recurring,
        )
        self._collect(document)
        if self.profile in ("wholesale", "services") and happens(rng, 0.4):
            document.discount = (one_of(rng, 1, 2, 3, 4), one_of(rng, 7, 8, 14))
        return document

    def credit(self, who: Customer, day: date, amount: int) -> Document:
        number, _ = self.numbering.take(who, day)
        return Document(
            id=self._next_id(),
            kind="credit_note",
            number=f"{self.credit_word}{number}",
            customer=who,
            issued=day,
            due=day + timedelta(who.terms),
            currency=who.currency,
            amount=amount,
            open=amount,
            po=digits(self.rng, 7),
            expected=LAST + timedelta(1),
        )

    def plan(self) -> list[Document]:
        """Return a year of invoices, in the order of their days."""
        wanted = int(self.lines_a_year * _INVOICES_A_LINE)
        regulars = int(wanted * _RECURRING.get(self.profile, 0.1) / 12)
        days = [(self._day_of(month, who), who, price)
                for who, price in self._contracts(regulars) for month in range(1, 13)]  # fmt: skip
        while len(days) < wanted:
            day = FIRST + timedelta(self.rng.randrange((LAST - FIRST).days + 1))
            days.append((day, self._regular(), 0))
        days.sort(key=lambda each: each[0])
        return [
            self.bill(who, day, price or self.amount(who.currency), recurring=bool(price))
            for day, who, price in days
        ]

    def _contracts(self, count: int) -> list[tuple[Customer, int]]:
        rng = self.rng
        size = _SIZE.get(self.currency, 1)
        rented = [rng.randrange(45, 240) * 1000 * size for _ in range(8)]
        prices = rented if self.profile == "rent" else [p * size for p in _PRICES]
        return [(rng.choice(self.customers), rng.choice(prices)) for _ in range(count)]

    def _regular(self) -> Customer:
        """Choose a customer: the first of the list buy more often than the last."""
        return self.customers[int(len(self.customers) * self.rng.random() ** 1.8)]

    def _day_of(self, month: int, who: Customer) -> date:
        return date(FIRST.year, month, 1 + int(who.number) % 28)

    def amount(self, currency: str) -> int:
        exact = int(self.rng.lognormvariate(9.8, 1.4)) + 500
        exact = exact // 500 * 500 if happens(self.rng, 0.3) else exact
        return exact * _SIZE.get(currency, 1)

    def _collect(self, document: Document) -> None:
        """Say how the money comes: by transfer, by card, or drawn by the tenant, and when."""
        rng = self.rng
        document.method = document.customer.method
        if document.method == "direct_debit":
            later = document.due + timedelta(rng.randrange(12))
            document.collection = business_day(later - timedelta(later.weekday()) + timedelta(7))

    def _next_id(self) -> str:
        self.issued += 1
        return f"inv_{self.short}_{self.issued:07d}"


def _expected(rng: Random, day: date, due: date) -> date:
    """Return when it will be paid: mostly about the due date, some late, some never."""
    if happens(rng, 0.07):
        return LAST + timedelta(1)
    late = int(rng.gauss(0, 3)) if happens(rng, 0.6) else int(rng.expovariate(1 / 14))
    return max(due + timedelta(late), day + timedelta(1))


def tenant(rng: Random, index: int, lines_a_year: int, rates: Rates) -> Tenant:
    country = rng.choice(list(NAMES))
    profile = PROFILES[index % len(PROFILES)]
    currency = CURRENCIES.get(country, "EUR")
    name = f"{index:04d}"
    count = max(20, int(lines_a_year * _CUSTOMERS.get(profile, 0.35)))
    customers = [
        customer(rng, name, at, country if happens(rng, 0.75) else rng.choice(list(NAMES)),
                 _billed_in(rng, currency, rates))
        for at in range(count)
    ]  # fmt: skip
    customers = list({each.number: each for each in customers}.values())
    direct_debit, stripe = happens(rng, 0.35), happens(rng, 0.65)
    for each in customers:
        each.terms = 5 if profile == "rent" else weighted(rng, _TERMS)
        if each.currency == currency:
            each.method = _method(rng, stripe=stripe, direct_debit=direct_debit)
    return Tenant(
        rng=rng,
        id=f"ten_{name}",
        name=company(rng, country),
        country=country,
        currency=currency,
        profile=profile,
        accounts=(iban(rng, country), iban(rng, country)),
        bank=Bank.drawn(rng, f"bank{index:04d}"),
        numbering=Numbering.drawn(rng, country),
        customers=customers,
        book=Book(customers),
        rates=rates,
        lines_a_year=lines_a_year,
        stripe=stripe,
        credit_word=one_of(rng, "KN", "NC-", "C", "GU/", "KRED"),
    )


def _method(rng: Random, *, stripe: bool, direct_debit: bool) -> str:
    if stripe and happens(rng, 0.25):
        return "card"
    return "direct_debit" if direct_debit and happens(rng, 0.15) else "bank_transfer"


def _billed_in(rng: Random, home: str, rates: Rates) -> str:
    return rng.choice(rates.currencies) if happens(rng, 0.04) else home
