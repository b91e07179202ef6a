"""A tenant's year, day by day: bills go out, money comes in, users confirm."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from benchmarks.matching import payments, payouts, returns, sets
from benchmarks.matching.chance import business_day, happens, hex_id, weighted
from benchmarks.matching.judge import judge
from benchmarks.matching.noise import NOISE
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import (
    CUTOFF,
    FIRST,
    LAST,
    Document,
    Draft,
    Payout,
    Resolvable,
    Seen,
)

WEIGHTS = {
    "exact_ref": 1303, "card_purchase": 929, "supplier": 749, "noref_name": 574, "mangled_ref": 531,
    "recurring_noref": 416, "multi_ref": 500, "exact_structured": 620, "multi_noref": 450,
    "salary": 285, "partial": 300, "psp_payout": 189, "bank_fee": 188, "fx": 240, "tax_debit": 162,
    "third_party_ref": 250, "discount_earned": 300, "exact_e2e": 122, "own_transfer": 119,
    "noise_same_amount": 115, "third_party_learned": 300, "partial_final": 140, "fee_deducted": 110,
    "supplier_refund": 97, "creditnote_net": 120, "overpay": 85, "rounding": 110, "weak": 78,
    "tax_refund": 68, "noref_iban": 140, "rent_out": 61, "statement": 150, "duplicate": 75,
    "prepayment": 52, "interest": 45, "recurring_named": 90, "third_party_unknown": 44,
    "private": 44, "noise_same_token": 37, "insurance": 32, "customer_refund": 35, "loan": 15,
    "payment_returned": 14, "stripe_foreign": 10, "dd_return": 20,
}  # fmt: skip
"""How often each case is tried; where the books hold nothing for it, another is. The rest follows
from a day's events."""
_DRAWN = 0.885
"""The share of lines that is drawn, not an event's."""
_WEEKEND = 5
_BUSY_MONDAY = (2.0, 0.75)
_TRIES = 8
_NOTES_A_LINE = 0.013
_TOLD_TWICE = 0.002
Builder = Callable[[Tenant, date], Draft | None]
BUILDERS: dict[str, Builder] = {
    **{case: partial(payments.build, case) for case in payments.PLANS},
    **NOISE,
    "multi_ref": sets.multi_ref,
    "multi_noref": sets.multi_noref,
    "statement": sets.statement,
    "creditnote_net": sets.creditnote_net,
    "dd_return": returns.dd_return,
    "payment_returned": returns.payment_returned,
    "customer_refund": returns.customer_refund,
    "duplicate": returns.duplicate,
    "prepayment": returns.prepayment,
}


@dataclass(slots=True)
class Booked:
    """A bank line with what is right about it."""

    id: str
    day: date
    line: dict[str, Any]
    draft: Draft
    resolvable: Resolvable


@dataclass(slots=True)
class Year:
    documents: list[Document] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)


def live(tenant: Tenant) -> Year:
    """Return what a tenant's year leaves behind."""
    year = Year(documents=tenant.plan())
    bills: dict[date, list[Document]] = defaultdict(list)
    for document in year.documents:
        bills[document.issued].append(document)
    arriving: dict[date, list[Payout]] = defaultdict(list)
    day = FIRST
    while day <= LAST:
        if day == CUTOFF:
            _show_what_is_open(year)
        for document in bills[day]:
            tenant.book.add(document)
        _credit(tenant, year, day)
        if day.weekday() < _WEEKEND:
            _pay_out(tenant, year, arriving, day)
            year.booked.extend(_lines(tenant, arriving, day))
        day += timedelta(1)
    year.booked.extend(_told_twice(tenant, year.booked))
    year.booked.sort(key=lambda booked: booked.day)
    return year


def _show_what_is_open(year: Year) -> None:
    for document in year.documents:
        if document.issued < CUTOFF:
            document.shown_open = document.open


def _credit(tenant: Tenant, year: Year, day: date) -> None:
    """Grant a credit note on an invoice that will be paid before long."""
    rng = tenant.rng
    if not happens(rng, _NOTES_A_LINE * tenant.lines_a_year / 365):
        return
    soon = [
        document
        for document in tenant.book.open.values()
        if document.signed > 0
        and document.method == "bank_transfer"
        and document.currency == tenant.currency
        and day - timedelta(10) < document.expected < day + timedelta(30)
        and document.open == document.amount
    ]
    if soon:
        document = rng.choice(soon)
        amount = document.open * rng.choice((5, 12, 20, 30)) // 100 or 1
        note = tenant.credit(document.customer, day, amount)
        tenant.book.add(note)
        year.documents.append(note)


def _pay_out(tenant: Tenant, year: Year, arriving: dict[date, list[Payout]], day: date) -> None:
    if not tenant.stripe or not happens(tenant.rng, min(0.9, tenant.lines_a_year / 260 * 0.16)):
        return
    made = payouts.payout(tenant, day)
    if made:
        year.payouts.append(made)
        arriving[business_day(made.arrival + timedelta(made.lag))].append(made)


def _lines(tenant: Tenant, arriving: dict[date, list[Payout]], day: date) -> Iterator[Booked]:
    for made in arriving.pop(day, ()):
        yield from _book(tenant, payouts.draft(tenant, made), day)
    collected = sets.dd_batch(tenant, day)
    if collected:
        yield from _book(tenant, collected, day)
    rate = tenant.lines_a_year * _DRAWN / 261 * _BUSY_MONDAY[day.weekday() > 0]
    count = int(rate) + happens(tenant.rng, rate % 1)
    for _ in range(count):
        yield from _drawn(tenant, day)


def _drawn(tenant: Tenant, day: date) -> Iterator[Booked]:
    """Book a line of a case that the books allow, the cases in their shares."""
    for _ in range(_TRIES):
        draft = BUILDERS[weighted(tenant.rng, WEIGHTS)](tenant, day)
        if draft and draft.amount:
            booked = list(_book(tenant, draft, day))
            yield from booked
            if booked:
                return


def _book(tenant: Tenant, draft: Draft, day: date) -> Iterator[Booked]:
    line, seen = tenant.bank.write(tenant.rng, draft, day)
    resolvable = _judged(tenant, draft, seen, day)
    if resolvable is None:
        return
    tenant.book.settle(draft, seen, day)
    yield Booked(line["internalTransactionId"], day, line, draft, resolvable)


def _judged(tenant: Tenant, draft: Draft, seen: Seen, day: date) -> Resolvable | None:
    if draft.payout or draft.case == "dd_batch":
        return "auto"
    return judge(tenant.book, draft, seen, day)


def _told_twice(tenant: Tenant, booked: list[Booked]) -> Iterator[Booked]:
    rng = tenant.rng
    for first in list(booked):
        if "entryReference" not in first.line or not happens(rng, _TOLD_TWICE):
            continue
        day = first.day + timedelta(rng.randrange(1, 4))
        line = first.line | {
            "transactionId": f"{first.line['transactionId']}-2",
            "internalTransactionId": hex_id(rng),
        }
        if day <= LAST:
            draft = returns.again(first.draft)
            yield Booked(line["internalTransactionId"], day, line, draft, "none")
