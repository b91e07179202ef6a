"""Orders that pay one invoice: named how, paid by whom, and how much of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from benchmarks.matching import amounts, wording
from benchmarks.matching.amounts import Amount, Chosen
from benchmarks.matching.book import end_to_end_of
from benchmarks.matching.chance import happens, one_of, weighted
from benchmarks.matching.judge import discounted
from benchmarks.matching.people import payer, written
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Customer, Document, Draft, Evidence, Payer

_NOBODY = ("N/A", "Kontoinhaber", "REVOLUT BANK UAB", "Titular", "PAYSERA LT", "-")
_LEAST = 2000
"""Smaller invoices are paid whole and without a fee kept back."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A case: how the invoice is named, who pays, what is paid, and which invoices can have it."""

    naming: str
    payer: str
    amount: Callable[[Chosen], Amount | None]
    eligible: Callable[[Chosen], bool]


@dataclass(frozen=True, slots=True)
class Name:
    """How an order names the invoice."""

    purpose: str
    evidence: str
    structured: str | None = None
    end_to_end: str | None = None
    slip: str | None = None


def build(case: str, tenant: Tenant, day: date) -> Draft | None:
    """Return an order of this case, if the books hold an invoice for it."""
    plan = PLANS[case]
    choices = [
        chosen
        for document in tenant.book.open.values()
        if document.kind == "invoice"
        and document.method == "bank_transfer"
        and document.issued < day
        and plan.eligible(chosen := Chosen(tenant, document, day))
    ]
    if not choices:
        return None
    chosen = tenant.rng.choice(choices)
    naming = weighted(tenant.rng, _MIXED.get(plan.naming, {plan.naming: 1}))
    if naming in ("none", "nothing") or (naming == "period" and happens(tenant.rng, 0.7)):
        chosen = _oldest_alike(chosen)
    amount = plan.amount(chosen)
    return _draft(case, chosen, amount, naming) if amount else None


def _draft(case: str, chosen: Chosen, amount: Amount, naming: str) -> Draft | None:
    who = _payer(PLANS[case].payer, chosen)
    name = _NAMES[naming](chosen)
    if who is None or name is None:
        return None
    account, shown, evidence = who
    return Draft(
        case=case,
        amount=amount.minor,
        currency=chosen.tenant.currency,
        purpose=f"{name.purpose} {amount.words}".strip(),
        payer=Payer(shown, account),
        evidence=Evidence(name.evidence, evidence, amount.evidence, name.slip),
        parts=amount.parts,
        customer=chosen.document.customer,
        structured=name.structured,
        end_to_end=name.end_to_end,
        instructed=amount.instructed,
    )


def _oldest_alike(chosen: Chosen) -> Chosen:
    """Return what an order without a number pays: the oldest due of this customer and amount."""
    document = chosen.document
    alike = chosen.tenant.book.of(document.customer, chosen.day, document.currency)
    oldest = next((d for d in alike if d.open == document.open and d.signed > 0), document)
    return Chosen(chosen.tenant, oldest, chosen.day)


def _full(chosen: Chosen) -> Name:
    return Name(wording.with_number(chosen.tenant.rng, chosen.document, _home(chosen)), "full")


def _mangled(chosen: Chosen) -> Name:
    rng, document = chosen.tenant.rng, chosen.document
    number, slip = wording.damaged(rng, document.number)
    text = wording.with_number(rng, document, _home(chosen), number)
    return Name(text, "mangled", slip=slip)


def _nothing(chosen: Chosen) -> Name:
    return Name(wording.nothing_said(chosen.tenant.rng, chosen.document, _home(chosen)), "none")


def _period(chosen: Chosen) -> Name:
    return Name(wording.of_period(chosen.tenant.rng, chosen.document, _home(chosen)), "period")


def _none(chosen: Chosen) -> Name:
    rng, home = chosen.tenant.rng, _home(chosen)
    return Name(*wording.without_number(rng, chosen.document, home))


def _structured(chosen: Chosen) -> Name | None:
    found = chosen.document.reference
    return replace(_none(chosen), evidence="structured", structured=found) if found else None


def _end_to_end(chosen: Chosen) -> Name:
    found = one_of(chosen.tenant.rng, "", "INV", "E2E") + end_to_end_of(chosen.document)
    return replace(_none(chosen), evidence="e2e", end_to_end=found)


def _home(chosen: Chosen) -> str:
    return chosen.tenant.country


def _payer(kind: str, chosen: Chosen) -> tuple[str, str, str] | None:
    """Return account, name and evidence of who pays, if the case can have one."""
    rng, who = chosen.tenant.rng, chosen.document.customer
    if kind == "own":
        name, evidence = written(rng, who)
        return who.payer.iban, name, evidence
    if kind == "nameless":
        return (who.payer.iban, one_of(rng, "", *_NOBODY), "iban_crm") if who.known else None
    if kind == "nobody":
        stranger = payer(rng, who.country, is_person=True)
        return stranger.iban, one_of(rng, "", *_NOBODY), "none"
    return _third(kind, chosen, who)


def _third(kind: str, chosen: Chosen, who: Customer) -> tuple[str, str, str] | None:
    rng, third = chosen.tenant.rng, who.third
    if kind == "stranger" or third is None:
        stranger = payer(rng, who.country, is_person=happens(rng, 0.6))
        return stranger.iban, stranger.name, "third_unknown"
    known = chosen.tenant.book.knows(third, chosen.day)
    if kind == "known third" and not known:
        return None
    return third.iban, third.name, "iban_learned" if known else "third_unknown"


def _is_whole(chosen: Chosen) -> bool:
    document: Document = chosen.document
    return document.currency == chosen.tenant.currency and document.open == document.amount


def _is_due(chosen: Chosen) -> bool:
    return chosen.document.expected <= chosen.day and _is_whole(chosen)


def _is_single(chosen: Chosen) -> bool:
    return not chosen.document.recurring and _is_due(chosen)


def _is_recurring(chosen: Chosen) -> bool:
    return chosen.document.recurring and _is_due(chosen)


def _has_third(chosen: Chosen) -> bool:
    return chosen.document.customer.third is not None and _is_due(chosen)


def _may_have_third(chosen: Chosen) -> bool:
    known = chosen.document.customer.third is not None
    return (known or happens(chosen.tenant.rng, 0.05)) and _is_due(chosen)


def _is_larger(chosen: Chosen) -> bool:
    return chosen.document.open > _LEAST and _is_due(chosen)


def _is_early(chosen: Chosen) -> bool:
    return _is_whole(chosen) and discounted(chosen.document, chosen.day) is not None


def _is_foreign(chosen: Chosen) -> bool:
    document = chosen.document
    return document.currency != chosen.tenant.currency and document.expected <= chosen.day


def _is_rest(chosen: Chosen) -> bool:
    document = chosen.document
    return document.currency == chosen.tenant.currency and 0 < document.open < document.amount


_NAMES: dict[str, Callable[[Chosen], Name | None]] = {
    "full": _full,
    "mangled": _mangled,
    "structured": _structured,
    "e2e": _end_to_end,
    "period": _period,
    "none": _none,
    "nothing": _nothing,
}
_MIXED: dict[str, dict[str, float]] = {
    "mixed": {"full": 4, "none": 1},
    "month": {"period": 1, "none": 1},
}
PLANS = {
    "exact_ref": Plan("full", "own", amounts.whole, _is_due),
    "mangled_ref": Plan("mangled", "own", amounts.whole, _is_due),
    "exact_structured": Plan("structured", "own", amounts.whole, _is_due),
    "exact_e2e": Plan("e2e", "own", amounts.whole, _is_due),
    "recurring_named": Plan("full", "own", amounts.whole, _is_recurring),
    "recurring_noref": Plan("month", "own", amounts.whole, _is_recurring),
    "noref_name": Plan("none", "own", amounts.whole, _is_single),
    "noref_iban": Plan("none", "nameless", amounts.whole, _is_single),
    "weak": Plan("nothing", "nobody", amounts.whole, _is_due),
    "third_party_ref": Plan("full", "third", amounts.whole, _may_have_third),
    "third_party_learned": Plan("none", "known third", amounts.whole, _has_third),
    "third_party_unknown": Plan("none", "stranger", amounts.whole, _is_due),
    "partial": Plan("full", "own", amounts.part, _is_larger),
    "partial_final": Plan("full", "own", amounts.rest, _is_rest),
    "discount_earned": Plan("mixed", "own", amounts.less_discount, _is_early),
    "fee_deducted": Plan("full", "own", amounts.less_fee, _is_larger),
    "rounding": Plan("mixed", "own", amounts.rounded, _is_due),
    "overpay": Plan("mixed", "own", amounts.too_much, _is_due),
    "fx": Plan("mixed", "own", amounts.exchanged, _is_foreign),
}
