"""What a careful person would be sure of, and what not."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from benchmarks.matching.book import Book
from benchmarks.matching.judge import judge
from benchmarks.matching.values import (
    Customer,
    Document,
    Draft,
    Evidence,
    Part,
    Payer,
    Resolvable,
    Seen,
)

TODAY = date(2024, 9, 16)


def customer(name: str, number: str = "500100", iban: str = "DK5000400440116243") -> Customer:
    payer = Payer(name, iban)
    return Customer(
        id=f"cus_{number}",
        number=number,
        name=name,
        trading_name=None,
        country="DK",
        is_person=False,
        payer=payer,
        known=False,
        currency="DKK",
    )


@dataclass
class Books:
    """An open book, and a line of which only the parts that matter are given."""

    customers: list[Customer]
    documents: list[Document] = field(default_factory=list)

    def owes(self, who: Customer, number: str, minor: int, *, days: int = 30) -> Document:
        issued = TODAY - timedelta(days)
        document = Document(
            f"inv_{number}", "invoice", number, who, issued, issued + timedelta(14), "DKK", minor,
            minor, "4711", issued,
        )  # fmt: skip
        self.documents.append(document)
        return document

    def judged(
        self, *paid: Document, minor: int, purpose: str = "", name: str = "", amount: str = "exact"
    ) -> Resolvable | None:
        book = Book(self.customers)
        for document in self.documents:
            book.add(document)
        parts = [Part("invoice", "payment", d.id, d.open, d.open, d) for d in paid]
        evidence = Evidence(amount=amount)
        draft = Draft("exact_ref", minor, "DKK", purpose, None, evidence, parts)
        return judge(book, draft, Seen(purpose, name, "", "", ""), TODAY)


def test_a_whole_number_is_sure_whoever_pays() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    due = books.owes(one, "20240017", 12500)
    assert books.judged(due, minor=12500, purpose="faktura 20240017") == "auto"


def test_the_amount_alone_is_not() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    due = books.owes(one, "20240017", 12500)
    assert books.judged(due, minor=12500, purpose="betaling") == "suggest"


def test_a_name_that_only_one_debtor_bears_is_sure() -> None:
    one, other = customer("Kjær VVS ApS"), customer("Mørch Mejeri A/S", "500200")
    books = Books([one, other])
    due = books.owes(one, "20240017", 12500)
    books.owes(other, "20240018", 12500)
    assert books.judged(due, minor=12500, name="KJAER VVS") == "auto"


def test_a_name_that_two_debtors_of_the_amount_bear_is_not() -> None:
    one, other = customer("Kjær VVS ApS"), customer("Kjær VVS ApS", "500200")
    books = Books([one, other])
    due = books.owes(one, "20240017", 12500)
    books.owes(other, "20240018", 12500)
    assert books.judged(due, minor=12500, name="Kjær VVS") == "suggest"


def test_a_bare_amount_pays_the_oldest_due() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    newer = books.owes(one, "20240018", 12500, days=20)
    older = books.owes(one, "20240017", 12500, days=50)
    assert books.judged(older, minor=12500, name="Kjær VVS") == "auto"
    assert books.judged(newer, minor=12500, name="Kjær VVS") is None


def test_a_month_names_the_invoice_of_that_month() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    books.owes(one, "20240017", 12500, days=80)
    august = books.owes(one, "20240018", 12500, days=30)
    assert books.judged(august, minor=12500, purpose="husleje august", name="Kjær VVS") == "auto"


def test_a_damaged_number_is_sure_where_the_amount_confirms_it() -> None:
    one, other = customer("Kjær VVS ApS"), customer("Mørch Mejeri A/S", "500200")
    books = Books([one, other])
    due = books.owes(one, "20240017", 12500)
    books.owes(other, "20240018", 13000)
    assert books.judged(due, minor=12500, purpose="20240071") == "auto"


def test_a_damaged_number_near_two_invoices_of_the_amount_is_not() -> None:
    one, other = customer("Kjær VVS ApS"), customer("Mørch Mejeri A/S", "500200")
    books = Books([one, other])
    due = books.owes(one, "20240017", 12500)
    books.owes(other, "20240019", 12500)
    assert books.judged(due, minor=12500, purpose="20240018") == "suggest"


def test_a_sum_without_numbers_is_sure_if_one_set_adds_up() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    first, second = books.owes(one, "20240017", 12500), books.owes(one, "20240018", 9900)
    books.owes(one, "20240019", 7000)
    assert books.judged(first, second, minor=22400, name="Kjær VVS") == "auto"


def test_two_of_three_equal_invoices_may_be_any_two() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    first, second = books.owes(one, "20240017", 12500), books.owes(one, "20240018", 12500)
    books.owes(one, "20240019", 12500)
    assert books.judged(first, second, minor=25000, name="Kjær VVS") == "suggest"


def test_less_than_is_open_is_sure_only_with_a_number() -> None:
    one = customer("Kjær VVS ApS")
    books = Books([one])
    due = books.owes(one, "20240017", 12500)
    by_name = books.judged(due, minor=5000, name="Kjær VVS", amount="partial")
    by_number = books.judged(due, minor=5000, purpose="20240017", amount="partial")
    assert (by_name, by_number) == ("suggest", "auto")
