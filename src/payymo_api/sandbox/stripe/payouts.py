"""Payouts: automatic ones are made of balance transactions, manual ones of the balance."""

from datetime import UTC, datetime
from typing import Any

from payymo_api.sandbox.stripe.ledger import DAY, available, book
from payymo_api.sandbox.stripe.listing import PAGING, page, within
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, wrong_state
from payymo_api.sandbox.stripe.request import Call

_KNOWN = (
    "amount currency description destination metadata method source_type statement_descriptor"
    " payout_method"
)
_INSTANT_FEE_PER_MILLE = 10
FAILURES = frozenset(
    "account_closed account_frozen bank_account_restricted bank_account_unusable "
    "bank_ownership_changed could_not_process debit_not_authorized declined "
    "incorrect_account_holder_address incorrect_account_holder_name "
    "incorrect_account_holder_tax_id incorrect_account_type insufficient_funds "
    "invalid_account_number invalid_account_number_length invalid_currency no_account "
    "unsupported_card".split()
)


def create(call: Call) -> Wire:
    """A manual one; `method=instant` arrives at once and costs a fee."""
    asked = call.params.only(_KNOWN)
    amount, currency = asked.count("amount"), asked.currency()
    method = asked.one_of("method", {"standard", "instant"}, "standard")
    if amount > available(call.merchant, currency):
        raise wrong_state("balance_insufficient", "The available balance is too small for this.")
    wire = _keep(
        call.merchant,
        amount,
        currency,
        method=method,
        metadata=asked.metadata(),
        description=asked.text("description"),
        statement_descriptor=asked.text("statement_descriptor"),
    )
    if method == "instant":
        fee(call.merchant, amount * _INSTANT_FEE_PER_MILLE // 1000, currency, "Instant payout fee")
    return wire


def gather(merchant: Merchant, currency: str, *, pending: bool = False) -> Wire:
    """Pay out, automatically, all balance transactions that are available and not yet paid out.

    With `pending` those that still wait too, as if their days had passed.
    """
    paid = merchant.private["paid_by"]
    rows = [
        row
        for row in merchant.tables["balance_transaction"].values()
        if row["currency"] == currency
        and row["id"] not in paid
        and _payable(merchant, row)
        and (pending or row["status"] == "available")
    ]
    amount = sum(row["net"] for row in rows)
    if amount <= 0:
        raise Refusal(f"There is nothing to pay out in {currency}.")
    for row in rows:
        row["status"] = "available"
    if amount > available(merchant, currency):
        raise Refusal("Payouts by hand have taken a part of this: it can't be paid out whole.")
    wire = _keep(merchant, amount, currency, automatic=True, reconciliation_status="in_progress")
    paid |= dict.fromkeys((row["id"] for row in rows), wire["id"])
    reconcile(merchant, wire)
    return wire


def _payable(merchant: Merchant, row: Wire) -> bool:
    """An automatic payout that came back is paid out again; manual ones stand outside."""
    if not row["type"].startswith("payout"):
        return True
    return bool(row["type"] == "payout_failure" and merchant.objects[row["source"]]["automatic"])


def _keep(merchant: Merchant, amount: int, currency: str, **fields: Any) -> Wire:  # noqa: ANN401  any JSON value
    account = _bank_account(merchant, currency)
    instant = fields.get("method") == "instant"
    known: Wire = {
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": _arrival(merchant.now() if instant else merchant.now() + 2 * DAY),
        "automatic": False,
        "balance_transaction": None,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": account["id"],
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    wire = merchant.keep("payout", "po", **(known | fields))
    _take(merchant, wire, "payout", -amount, "balance_transaction")
    merchant.emit("payout.created", wire)
    merchant.later(merchant.now() if instant else wire["arrival_date"], lambda: pay(merchant, wire))
    return wire


def _take(merchant: Merchant, wire: Wire, type: str, amount: int, field: str) -> None:
    entry = book(merchant, type, amount, wire["currency"], wire["id"], at_once=True)
    wire[field] = entry["id"]


def _arrival(moment: int) -> int:
    """Midnight of the day, as Stripe gives it."""
    day = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0)
    return int(day.timestamp())


def _bank_account(merchant: Merchant, currency: str) -> Wire:
    """Where payouts in this currency go."""
    for wire in merchant.tables["bank_account"].values():
        if wire["currency"] == currency:
            return wire
    wire = merchant.keep(
        "bank_account",
        "ba",
        account=merchant.account,
        account_holder_name="Sandbox Ltd",
        account_holder_type="company",
        account_type=None,
        available_payout_methods=["standard", "instant"],
        bank_name="STRIPE TEST BANK",
        country="GB",
        currency=currency,
        default_for_currency=True,
        fingerprint=merchant.letters(16),
        last4="2345",
        metadata={},
        routing_number="108800",
        status="new",
    )
    for name in ("created", "livemode"):
        del wire[name]
    return wire


def reconcile(merchant: Merchant, wire: Wire) -> None:
    """From now on the payout's balance transactions can be listed whole."""
    wire["reconciliation_status"] = "completed"
    merchant.emit("payout.reconciliation_completed", wire)


def send(merchant: Merchant, wire: Wire) -> None:
    if wire["status"] == "pending":
        wire["status"] = "in_transit"
        merchant.emit("payout.updated", wire)


def pay(merchant: Merchant, wire: Wire) -> None:
    send(merchant, wire)
    if wire["status"] == "in_transit":
        wire["status"] = "paid"
        wire["trace_id"] = {"status": "supported", "value": merchant.letters(12).upper()}
        merchant.emit("payout.paid", wire)


def fail(merchant: Merchant, wire: Wire, code: str) -> None:
    """Also a payout that counts as paid comes back, days later, when the bank refuses it."""
    if wire["status"] in {"failed", "canceled"}:
        raise Refusal(f"The payout is {wire['status']} already.")
    _take(merchant, wire, "payout_failure", wire["amount"], "failure_balance_transaction")
    wire |= {
        "status": "failed",
        "failure_code": code,
        "failure_message": "The bank refused the payout.",
    }
    merchant.emit("payout.failed", wire)


def fee(merchant: Merchant, amount: int, currency: str, description: str) -> Wire:
    """A fee that belongs to no charge: its balance transaction has no source."""
    return book(
        merchant, "stripe_fee", -amount, currency, None, description=description, at_once=True
    )


def cancel(call: Call) -> Wire:
    call.params.only("")
    wire = call.merchant.get("payout", call.id)
    if wire["status"] != "pending" or wire["automatic"]:
        raise wrong_state("payouts_not_allowed", "Only a pending, manual payout can be canceled.")
    _take(call.merchant, wire, "payout_cancel", wire["amount"], "failure_balance_transaction")
    wire["status"] = "canceled"
    call.merchant.emit("payout.canceled", wire)
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("payout", call.id)


def update(call: Call) -> Wire:
    asked = call.params.only("metadata")
    wire = call.merchant.get("payout", call.id)
    wire["metadata"] = asked.metadata(wire["metadata"])
    call.merchant.emit("payout.updated", wire)
    return wire


def payouts(call: Call) -> Wire:
    asked = call.params.only(f"{PAGING} arrival_date destination status")
    rows = within(call.merchant.newest_first("payout"), asked, "arrival_date")
    for name in ("destination", "status"):
        if wanted := asked.text(name):
            rows = [row for row in rows if row[name] == wanted]
    return page(call, rows)
