"""What the made-up world consists of. Money is whole minor units; every currency here has two."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Resolvable = Literal["auto", "suggest", "none"]
CUTOFF = date(2024, 7, 1)
"""Lines before this day are history, lines from it on are to be decided."""
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


@dataclass(slots=True)
class Payer:
    name: str
    iban: str


@dataclass(slots=True, eq=False)
class Customer:
    id: str
    number: str
    name: str
    trading_name: str | None
    country: str
    is_person: bool
    payer: Payer
    """Pays from this account; the tenant's records name it where `known`."""
    known: bool
    currency: str
    terms: int = 30
    """Days to pay in."""
    method: str = "bank_transfer"
    third: Payer | None = None
    """Who pays in the customer's place: a parent, an employer, a landlord."""
    last_number: int = 0


@dataclass(slots=True, eq=False)
class Document:
    id: str
    kind: Literal["invoice", "credit_note"]
    number: str
    customer: Customer
    issued: date
    due: date
    currency: str
    amount: int
    open: int
    po: str
    expected: date
    """When the customer means to pay."""
    reference: str | None = None
    method: str = "bank_transfer"
    collection: date | None = None
    discount: tuple[int, int] | None = None
    recurring: bool = False
    shown_open: int = 0
    """What is open of it when the engine is told of it."""
    signed: int = field(init=False)
    """1 for an invoice, -1 for a credit note."""

    def __post_init__(self) -> None:
        self.signed = 1 if self.kind == "invoice" else -1
        self.shown_open = self.amount


@dataclass(slots=True)
class Part:
    """One allocation; `settles` is what the document's open amount loses."""

    type: str
    kind: str
    id: str
    amount: int
    settles: int = 0
    document: Document | None = None
    write_off: int = 0
    invoice_amount: int | None = None


@dataclass(slots=True)
class Evidence:
    reference: str = "none"
    payer: str = "unrelated"
    amount: str = "none"
    note: str | None = None


@dataclass(slots=True)
class Payout:
    id: str
    amount: int
    currency: str
    created: date
    arrival: date
    trace: str | None
    descriptor: str | None
    entries: list[dict[str, Any]]
    lag: int = 0


@dataclass(slots=True)
class Draft:
    """A bank line as its payer ordered it, before a bank writes it down."""

    case: str
    amount: int
    currency: str
    purpose: str
    payer: Payer | None
    evidence: Evidence
    parts: list[Part]
    customer: Customer | None = None
    structured: str | None = None
    end_to_end: str | None = None
    instructed: tuple[int, str, float] | None = None
    payout: Payout | None = None
    none_extra: dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> list[Document]:
        return [part.document for part in self.parts if part.document]


@dataclass(slots=True)
class Seen:
    """What of a draft still stands on the bank line."""

    purpose: str
    name: str
    account: str
    structured: str
    end_to_end: str

    @property
    def text(self) -> str:
        return f"{self.purpose} {self.structured} {self.end_to_end}"


def money(minor: int) -> str:
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"
