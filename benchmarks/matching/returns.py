"""Money that comes back, comes twice, or comes before there is anything to pay."""

from copy import deepcopy
from datetime import date

from benchmarks.matching import wording
from benchmarks.matching.chance import happens
from benchmarks.matching.people import LANGUAGES, written
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Customer, Document, Draft, Evidence, Part, Payer

_REASONS = ("", "MD06", "AM04", "AC06", "MS02")


def dd_return(tenant: Tenant, day: date) -> Draft | None:
    return _reversed(tenant, day, "dd_return", "dd_returned", "batch")


def payment_returned(tenant: Tenant, day: date) -> Draft | None:
    return _reversed(tenant, day, "payment_returned", "returned", "payment")


def _reversed(tenant: Tenant, day: date, case: str, kind: str, paid: str) -> Draft | None:
    rng = tenant.rng
    settled = [
        part.document
        for part in tenant.book.lately_settled(day)
        if part.document
        and part.kind == paid
        and part.settles == part.document.amount == part.amount
        and part.document.open == 0
    ]
    if not settled:
        return None
    document = rng.choice(settled)
    spoken = LANGUAGES[tenant.country]
    number = document.number if happens(rng, 0.85) else ""
    purpose = wording.say(rng, spoken, kind, day, n=number)
    part = Part("invoice", "reversal", document.id, -document.amount, -document.amount, document)
    return _back(tenant, case, document, f"{purpose} {rng.choice(_REASONS)}".strip(), part)


def customer_refund(tenant: Tenant, day: date) -> Draft | None:
    """A credit note is paid out."""
    rng = tenant.rng
    notes = [d for d in tenant.book.open.values() if d.signed < 0 and d.issued < day]
    notes = [d for d in notes if d.currency == tenant.currency]
    if not notes:
        return None
    note = rng.choice(notes)
    purpose = wording.say(rng, LANGUAGES[tenant.country], "refund", day, n=note.number)
    part = Part("credit_note", "refund", note.id, -note.open, note.open, note)
    return _back(tenant, "customer_refund", note, purpose, part)


def _back(tenant: Tenant, case: str, document: Document, purpose: str, part: Part) -> Draft:
    name, evidence = written(tenant.rng, document.customer)
    return Draft(
        case=case,
        amount=part.amount,
        currency=tenant.currency,
        purpose=purpose,
        payer=Payer(name, document.customer.payer.iban),
        evidence=Evidence("full" if document.number in purpose else "none", evidence, "exact"),
        parts=[part],
        customer=document.customer,
    )


def duplicate(tenant: Tenant, day: date) -> Draft | None:
    """An invoice is paid again by one who does not owe this amount any more."""
    rng = tenant.rng
    paid = [
        part.document
        for part in tenant.book.lately_settled(day, 20)
        if part.document
        and part.kind == "payment"
        and part.settles == part.document.amount
        and part.document.open == 0
    ]
    if not paid:
        return None
    document = rng.choice(paid)
    owed = tenant.book.of(document.customer, day, tenant.currency)
    if any(each.open == document.amount for each in owed):
        return None
    draft = _unasked(
        tenant, "duplicate", document.customer, document.amount,
        wording.with_number(rng, document, tenant.country),
    )  # fmt: skip
    draft.evidence.reference = "full"
    draft.none_extra = {"of": document.id, "customer_id": document.customer.id}
    return draft


def prepayment(tenant: Tenant, day: date) -> Draft | None:
    """A known customer pays for what is not billed yet."""
    rng = tenant.rng
    who = rng.choice(tenant.customers)
    amount = int(rng.lognormvariate(10, 1)) + 1000
    if any(each.open == amount for each in tenant.book.of(who, day, tenant.currency)):
        return None
    spoken = wording.language(rng, who, tenant.country)
    draft = _unasked(tenant, "prepayment", who, amount, wording.say(rng, spoken, "prepay", day))
    draft.none_extra = {"customer_id": who.id}
    return draft


def _unasked(tenant: Tenant, case: str, who: Customer, amount: int, purpose: str) -> Draft:
    name, evidence = written(tenant.rng, who)
    return Draft(
        case=case,
        amount=amount,
        currency=tenant.currency,
        purpose=purpose,
        payer=Payer(name, who.payer.iban),
        evidence=Evidence("none", evidence, "none"),
        parts=[],
        customer=who,
    )


def again(draft: Draft) -> Draft:
    """Return the same money told a second time by the feed: nothing new is to be settled."""
    same = deepcopy(draft.evidence)
    same.amount = "none"
    return Draft(
        case="feed_duplicate",
        amount=draft.amount,
        currency=draft.currency,
        purpose=draft.purpose,
        payer=draft.payer,
        evidence=same,
        parts=[],
        customer=draft.customer,
    )
