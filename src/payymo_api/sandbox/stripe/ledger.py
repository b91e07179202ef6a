"""Balance transactions: every movement of the account's money, and what Stripe takes of it."""

from typing import Any

from payymo_api.core.money import decimals
from payymo_api.sandbox.stripe.listing import PAGING, page
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Refusal, Wire
from payymo_api.sandbox.stripe.request import Call

DAY = 86_400
_DELAY_DAYS = 2
_FIXED_FEE = 20
_FEE_PER_MILLE = 15
_CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
}
"""Type of a transaction -> its reporting category, where none is given."""


def book(
    merchant: Merchant,
    type: str,
    amount: int,
    currency: str,
    source: str | None,
    **rest: Any,  # noqa: ANN401  fields of the object
) -> Wire:
    """Move money; `fees` are rows of fee details, `at_once` makes it available now."""
    fees: list[Wire] = rest.pop("fees", [])
    fee = sum(row["amount"] for row in fees)
    at_once: bool = rest.pop("at_once", False)
    available_on = merchant.now() + (0 if at_once else _DELAY_DAYS * DAY)
    fields = {
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees,
        "net": amount - fee,
        "reporting_category": _CATEGORIES.get(type, type),
        "source": source,
        "status": "available" if at_once else "pending",
        "type": type,
    }
    wire = merchant.keep("balance_transaction", "txn", **(fields | rest))
    del wire["livemode"]
    if not at_once:
        merchant.later(available_on, lambda: _make_available(merchant, wire))
    return wire


def _make_available(merchant: Merchant, wire: Wire) -> None:
    wire["status"] = "available"
    merchant.emit("balance.available", balance_of(merchant))


def processing_fees(amount: int, currency: str, application_fee: int | None) -> list[Wire]:
    """What a charge costs: Stripe's share, and the platform's."""
    fixed = _FIXED_FEE if decimals(currency.upper()) else 0
    taken = (amount * _FEE_PER_MILLE + 500) // 1000 + fixed
    rows = [_fee("stripe_fee", taken, currency, "Stripe processing fees")]
    if application_fee:
        rows.append(_fee("application_fee", application_fee, currency, "Application fee"))
    return rows


def dispute_fees(amount: int, currency: str) -> list[Wire]:
    return [_fee("stripe_fee", amount, currency, "Dispute fee")]


def _fee(type: str, amount: int, currency: str, description: str) -> Wire:
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": description,
        "type": type,
    }


def balance_transactions(call: Call) -> Wire:
    """`payout` gives what an automatic payout is made of, its own transaction among them."""
    call.params.only(f"{PAGING} currency payout source type")
    merchant, payout = call.merchant, call.params.text("payout")
    rows = merchant.newest_first("balance_transaction")
    if payout:
        if not merchant.get("payout", payout, "payout")["automatic"]:
            raise Refusal(
                "Balance transactions can be listed for automatic payouts only, not for manual"
                " ones.",
                param="payout",
            )
        paid = merchant.private["paid_by"]
        rows = [row for row in rows if paid.get(row["id"]) == payout or row["source"] == payout]
    for name in ("currency", "source", "type"):
        if wanted := call.params.text(name):
            rows = [row for row in rows if row[name] == wanted]
    return page(call, rows)


def balance_transaction(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("balance_transaction", call.id)


def balance(call: Call) -> Wire:
    call.params.only("")
    return balance_of(call.merchant)


def balance_of(merchant: Merchant) -> Wire:
    rows = merchant.tables["balance_transaction"].values()
    currencies = sorted({row["currency"] for row in rows}) or ["gbp"]
    told: Wire = {"object": "balance", "livemode": merchant.livemode}
    for status in ("available", "pending"):
        told[status] = [
            {
                "amount": (total := available(merchant, currency, status)),
                "currency": currency,
                "source_types": {"card": total},
            }
            for currency in currencies
        ]
    told["instant_available"] = told["available"]
    return told


def available(merchant: Merchant, currency: str, status: str = "available") -> int:
    return sum(
        row["net"]
        for row in merchant.tables["balance_transaction"].values()
        if row["status"] == status and row["currency"] == currency
    )
