"""How much of an invoice is paid, and what becomes of the difference."""

from dataclasses import dataclass
from datetime import date

from benchmarks.matching import wording
from benchmarks.matching.chance import happens, one_of, weighted
from benchmarks.matching.judge import discounted
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Document, Part

_FEES = (150, 350, 500, 800, 1200, 1500, 2000, 3000)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An invoice that a tenant's customer may pay that day."""

    tenant: Tenant
    document: Document
    day: date


@dataclass(frozen=True, slots=True)
class Amount:
    minor: int
    parts: list[Part]
    evidence: str
    words: str = ""
    instructed: tuple[int, str, float] | None = None


def whole(chosen: Chosen) -> Amount:
    document = chosen.document
    return Amount(document.open, [_part(document, "payment", document.open)], "exact")


def _part(document: Document, kind: str, minor: int, *, write_off: int = 0) -> Part:
    settles = minor + write_off
    return Part("invoice", kind, document.id, minor, settles, document, write_off)


def _at_times(chosen: Chosen, words: str, share: float) -> str:
    return words if happens(chosen.tenant.rng, share) else ""


def part(chosen: Chosen) -> Amount:
    tenant, document = chosen.tenant, chosen.document
    share = document.open * tenant.rng.randrange(20, 80) // 100
    minor = max(share // 1000 * 1000, 100) if happens(tenant.rng, 0.5) else share
    words = wording.part_of(tenant.rng, document, tenant.country, last=False)
    paid = _part(document, "partial", minor)
    return Amount(minor, [paid], "partial", _at_times(chosen, words, 0.6))


def rest(chosen: Chosen) -> Amount:
    tenant, document = chosen.tenant, chosen.document
    words = wording.part_of(tenant.rng, document, tenant.country, last=True)
    paid = _part(document, "payment", document.open)
    return Amount(document.open, [paid], "exact", _at_times(chosen, words, 0.5))


def less_discount(chosen: Chosen) -> Amount | None:
    tenant, document = chosen.tenant, chosen.document
    minor = discounted(document, chosen.day)
    if minor is None:
        return None
    paid = _part(document, "early_discount", minor, write_off=document.open - minor)
    words = wording.discount_of(tenant.rng, document, tenant.country)
    return Amount(minor, [paid], "discount", _at_times(chosen, words, 0.3))


def less_fee(chosen: Chosen) -> Amount:
    tenant, document = chosen.tenant, chosen.document
    fee = tenant.rng.choice([each for each in _FEES if each * 4 < document.open])
    paid = _part(document, "bank_fee", document.open - fee, write_off=fee)
    words = wording.charges(tenant.rng)
    return Amount(document.open - fee, [paid], "fee", _at_times(chosen, words, 0.6))


def rounded(chosen: Chosen) -> Amount:
    document = chosen.document
    cents = document.open % 100
    choices = {1: 3.0, 2: 2, cents: 4, -1: 2, -2: 1, cents - 100: 3, 5: 1}
    off = weighted(chosen.tenant.rng, choices) or 1
    if off < 0:
        return _over(document, -off, "rounding", "rounding")
    paid = _part(document, "rounding", document.open - off, write_off=off)
    return Amount(document.open - off, [paid], "rounding")


def too_much(chosen: Chosen) -> Amount:
    rng, document = chosen.tenant.rng, chosen.document
    up = -document.open % one_of(rng, 1000, 5000, 10000)
    extra = one_of(rng, up, 100, 500, document.open // 10, document.open // 5) or 100
    return _over(document, extra, "over", "overpayment")


def _over(document: Document, extra: int, evidence: str, kind: str) -> Amount:
    paid = _part(document, "rounding" if kind == "rounding" else "payment", document.open)
    kept = Part("on_account", kind, document.customer.id, extra)
    return Amount(document.open + extra, [paid, kept], evidence)


def exchanged(chosen: Chosen) -> Amount:
    tenant, document = chosen.tenant, chosen.document
    rate = tenant.rates.rate(document.currency, tenant.currency, chosen.day)
    rate *= tenant.rng.uniform(0.985, 1.01)
    minor = round(document.open * rate)
    paid = Part("invoice", "fx", document.id, minor, document.open, document)
    paid.invoice_amount = document.open
    if happens(tenant.rng, 0.65):
        return Amount(minor, [paid], "exact", "", (document.open, document.currency, rate))
    return Amount(minor, [paid], "fx")
