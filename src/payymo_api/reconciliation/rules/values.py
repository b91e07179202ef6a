"""What the engine works on and what it answers: plain values.

Amounts are whole minor units of the currency that stands beside them. Lines and payouts are signed,
money in is positive; documents are not: a credit note's amount is positive too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

Verdict = Literal["post", "propose", "none"]
DocumentKind = Literal["invoice", "credit_note"]
ShareType = Literal["invoice", "credit_note", "payout", "on_account"]
WriteOffReason = Literal["discount", "fee", "rounding", "fx", "other"]


@dataclass(frozen=True, slots=True)
class Line:
    """A booked bank line.

    `texts` are the bank's fields as they came, remittance first; a field that the bank broke into
    pieces is one text whose pieces are joined by a line feed.
    """

    id: UUID
    amount: int
    currency: str
    booked_on: date
    texts: tuple[str, ...] = ()
    account: str | None = None
    """The tenant's own account."""
    counterparty_name: str | None = None
    counterparty_account: str | None = None
    """IBAN, or whatever number the bank gives in its place."""
    end_to_end_id: str | None = None
    bank_reference: str | None = None
    """The bank's own name for the entry (camt `AcctSvcrRef`): the same again is the same money."""
    instructed: tuple[int, str] | None = None
    """What the payer ordered in a currency of his own (camt `InstdAmt`)."""


@dataclass(frozen=True, slots=True)
class Discount:
    """Early-payment terms: `percent` off if paid within `days` of the issue date."""

    percent: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class Document:
    """`open` is what is still to come of `amount`: 0 if paid or void."""

    id: UUID
    kind: DocumentKind
    number: str
    currency: str
    amount: int
    open: int
    issued_on: date
    due_on: date | None = None
    customer: UUID | None = None
    creditor_reference: str | None = None
    po_number: str | None = None
    direct_debit: bool = False
    collection_on: date | None = None
    discount: Discount | None = None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom the tenant bills; `accounts` are those that its own records name."""

    id: UUID
    names: tuple[str, ...]
    number: str | None = None
    is_person: bool = False
    accounts: tuple[str, ...] = ()
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """What a payment provider sent to the bank, net; signed like its bank line."""

    id: UUID
    amount: int
    currency: str
    arrival_on: date
    settled: int = 0
    failed: bool = False
    statement_descriptor: str | None = None
    trace_id: str | None = None
    provider: str = "stripe"


@dataclass(frozen=True, slots=True)
class Rates:
    """A day's exchange rates: how much of each currency one unit of the base buys."""

    on: date
    base: str
    rates: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Share:
    """One allocation, signed as `algebra` says; `document` of an on-account share is the customer.

    `amount` is in the line's currency, `document_amount` and `write_off` in the document's.
    """

    type: ShareType
    document: UUID
    amount: int
    document_amount: int
    write_off: int = 0
    write_off_reason: WriteOffReason | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`code` is the kind of evidence, `text` what it says to a bookkeeper."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """One answer to "what is this money for?", with the probability that it is the right one."""

    shares: tuple[Share, ...]
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine says of a line.

    `post`: the first proposal is to be booked. `propose`: a person chooses among `proposals` (best
    first, at most 5). `none`: it belongs to no document that we know, and there are no proposals.
    `because` says why it was not posted, or why the runner-up lost; `to_change` what would turn
    the decision.
    """

    line: UUID
    verdict: Verdict
    proposals: tuple[Proposal, ...] = ()
    because: str | None = None
    to_change: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A tenant's settings of the engine."""

    automatic: bool = True
    """Off: what would be posted is proposed."""
    least_probability: float = 0.97
    least_margin: float = 0.05
    """What the first answer's probability must exceed the second's by."""
    write_off_limits: Mapping[WriteOffReason, int] = field(default_factory=dict)
    """Minor units of the document's currency above which nothing is written off unasked."""
