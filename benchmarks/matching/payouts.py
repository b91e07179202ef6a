"""Stripe's payouts: what cards paid, less fees, refunds and disputes, and their bank lines."""

from datetime import date, timedelta
from typing import Any

from benchmarks.matching.chance import business_day, digits, happens, hex_id, one_of, weighted
from benchmarks.matching.numbers import iban
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Document, Draft, Evidence, Part, Payer, Payout

_NAMES = ("Stripe Technology Europe Ltd", "STRIPE PAYMENTS EUROPE", "STRIPE", "Stripe Payments UK")
_FIXED_FEE = 25
_DISPUTE_FEE = 2000


def payout(tenant: Tenant, day: date) -> Payout | None:
    """Gather what cards paid since the last payout; nothing is paid out of nothing."""
    rng = tenant.rng
    charged = [_charge(tenant, each) for each in _paid_by_card(tenant, day)]
    charged += [_walk_in(tenant) for _ in range(rng.randrange(3))]
    entries = [entry for group in charged for entry in group]
    amount = sum(entry["net"] for entry in entries)
    if not amount:
        return None
    arrival = business_day(day + timedelta(rng.randrange(1, 4)))
    return Payout(
        id=f"po_{hex_id(rng, 96)}",
        amount=amount,
        currency=tenant.currency,
        created=day,
        arrival=arrival,
        trace=f"{one_of(rng, 'TR', 'Q', '')}{digits(rng, 10)}" if happens(rng, 0.5) else None,
        descriptor=one_of(rng, "STRIPE", None),
        entries=entries,
        lag=weighted(rng, {0: 6, 1: 2, 2: 0.5, 4: 0.3}),
    )


def _paid_by_card(tenant: Tenant, day: date) -> list[Document]:
    due = [d for d in tenant.book.open.values() if d.method == "card" and d.expected <= day]
    due = [d for d in due if d.currency == tenant.currency][:6]
    for document in due:
        document.open = 0
        del tenant.book.open[document.id]
    return due


def _charge(tenant: Tenant, document: Document) -> list[dict[str, Any]]:
    entry = _entry(tenant, "charge", document.amount, "ch")
    return [entry | {"description": f"Invoice {document.number}", "invoice_id": document.id}]


def _walk_in(tenant: Tenant) -> list[dict[str, Any]]:
    """A charge that no invoice asked for, at times refunded or disputed."""
    rng = tenant.rng
    amount = rng.randrange(500, 9000)
    charge = _entry(tenant, "charge", amount, "ch") | {"description": None}
    later = weighted(rng, {"": 30, "refund": 3, "adjustment": 1})
    if not later:
        return [charge]
    if later == "refund":
        back = _entry(tenant, "refund", -amount, "re", fee=0)
        return [charge, back | {"charge": charge["source"]}]
    lost = _entry(tenant, "adjustment", -amount, "dp", fee=_DISPUTE_FEE)
    return [charge, lost | {"charge": charge["source"], "reporting_category": "dispute"}]


def _entry(
    tenant: Tenant, kind: str, amount: int, prefix: str, fee: int | None = None
) -> dict[str, Any]:
    kept = _FIXED_FEE + amount * 3 // 200 if fee is None else fee
    return {
        "id": f"txn_{hex_id(tenant.rng, 96)}",
        "type": kind,
        "amount": amount,
        "fee": kept,
        "net": amount - kept,
        "source": f"{prefix}_{hex_id(tenant.rng, 96)}",
    }


def draft(tenant: Tenant, paid: Payout) -> Draft:
    """Return the bank line of a payout; a negative one is taken back from the account."""
    rng = tenant.rng
    shows = paid.trace is not None and happens(rng, 0.6)
    word = one_of(rng, "STRIPE", "STRIPE PAYOUT", "Stripe settlement")
    return Draft(
        case="stripe_payout" if paid.amount > 0 else "stripe_negative",
        amount=paid.amount,
        currency=paid.currency,
        purpose=f"{word} {paid.trace}" if shows else word,
        payer=Payer(rng.choice(_NAMES), iban(rng, "IE")),
        evidence=Evidence("full" if shows else "none", "stripe", "exact"),
        parts=[Part("payout", "payout", paid.id, paid.amount)],
        payout=paid,
    )
