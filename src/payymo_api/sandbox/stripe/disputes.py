"""Disputes: opened by the bank, answered with evidence, won or lost."""

from payymo_api.sandbox.stripe.ledger import DAY, book, dispute_fees
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import card_of
from payymo_api.sandbox.stripe.refusals import Wire, parameter, wrong_state
from payymo_api.sandbox.stripe.request import Call

_FEE = 2000
_DAYS_TO_ANSWER = 9
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
    "cancellation_rebuttal customer_communication customer_email_address customer_name "
    "customer_purchase_ip customer_signature duplicate_charge_documentation "
    "duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy "
    "refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation "
    "shipping_tracking_number uncategorized_file uncategorized_text"
)
REASONS = frozenset(
    "bank_cannot_process check_returned credit_not_processed customer_initiated "
    "debit_not_authorized duplicate fraudulent general incorrect_account_details "
    "insufficient_funds noncompliant product_not_received product_unacceptable "
    "subscription_canceled unrecognized".split()
)
_OUTCOMES = {"winning_evidence": "won", "losing_evidence": "lost"}
"""What `uncategorized_text` makes of a test dispute."""
_OPEN = {"needs_response", "warning_needs_response", "under_review", "warning_under_review"}


def open_dispute(
    merchant: Merchant, charge: Wire, reason: str = "fraudulent", amount: int | None = None
) -> Wire:
    """The bank takes the money back; an `inquiry` only asks."""
    inquiry = reason == "inquiry"
    due_by = merchant.now() + _DAYS_TO_ANSWER * DAY
    wire = merchant.keep(
        "dispute",
        "du",
        amount=amount or charge["amount_captured"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
        evidence_details={
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        metadata={},
        network_reason_code="10.4",
        payment_intent=charge["payment_intent"],
        payment_method_details=_details(merchant, charge, inquiry=inquiry),
        reason="general" if inquiry else reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    charge["disputed"] = True
    if not inquiry:
        _move(merchant, wire, -wire["amount"], _FEE)
    merchant.emit("charge.dispute.created", wire)
    if not inquiry:
        merchant.emit("charge.dispute.funds_withdrawn", wire)
    merchant.later(due_by, lambda: _past_due(merchant, wire))
    return wire


def _details(merchant: Merchant, charge: Wire, *, inquiry: bool) -> Wire:
    card = card_of(merchant, charge["payment_method"])
    if card is None:
        return {"type": charge["payment_method_details"]["type"]}
    case = "inquiry" if inquiry else "chargeback"
    details = {"brand": card.brand, "case_type": case, "network": card.brand}
    return {"type": "card", "card": details | {"network_reason_code": "10.4"}}


def _move(merchant: Merchant, wire: Wire, amount: int, fee: int) -> None:
    entry = book(
        merchant,
        "adjustment",
        amount,
        wire["currency"],
        wire["id"],
        fees=dispute_fees(fee, wire["currency"]) if fee else [],
        reporting_category="dispute" if amount < 0 else "dispute_reversal",
        at_once=True,
    )
    wire["balance_transactions"].append(entry)


def _past_due(merchant: Merchant, wire: Wire) -> None:
    """Nobody answered in time."""
    if wire["status"].endswith("needs_response"):
        wire["evidence_details"]["past_due"] = True
        close(merchant, wire, "warning_closed" if wire["status"].startswith("warning") else "lost")


def close(merchant: Merchant, wire: Wire, status: str) -> None:
    """The bank decides; what is won comes back, but for the fee."""
    wire["status"] = status
    if status == "won":
        _move(merchant, wire, wire["amount"], 0)
        merchant.objects[wire["charge"]]["disputed"] = False
        merchant.emit("charge.dispute.funds_reinstated", wire)
    merchant.emit("charge.dispute.closed", wire)


def update(call: Call) -> Wire:
    asked = call.params.only("evidence metadata submit")
    wire = call.merchant.get("dispute", call.id)
    if wire["status"] not in _OPEN:
        raise wrong_state("dispute_closed", "This dispute is closed.")
    wire["metadata"] = asked.metadata(wire["metadata"])
    evidence = asked.section("evidence").only(_EVIDENCE)
    wire["evidence"] |= evidence.texts_of(_EVIDENCE)
    given = any(wire["evidence"][name] for name in _EVIDENCE.split())
    wire["evidence_details"]["has_evidence"] = given
    if evidence and asked.flag("submit", default=True):
        _submit(call.merchant, wire)
    else:
        call.merchant.emit("charge.dispute.updated", wire)
    return wire


def _submit(merchant: Merchant, wire: Wire) -> None:
    wire["evidence_details"]["submission_count"] += 1
    wire["evidence_details"]["submission_method"] = "manual"
    warning = wire["status"].startswith("warning")
    wire["status"] = "warning_under_review" if warning else "under_review"
    merchant.emit("charge.dispute.updated", wire)
    if outcome := _OUTCOMES.get(wire["evidence"]["uncategorized_text"] or ""):
        close(merchant, wire, "warning_closed" if warning else outcome)


def accept(call: Call) -> Wire:
    """The merchant gives in."""
    call.params.only("")
    wire = call.merchant.get("dispute", call.id)
    if wire["status"] not in _OPEN:
        raise wrong_state("dispute_closed", "This dispute is closed.")
    close(call.merchant, wire, "lost")
    return wire


def disputed_by_card(merchant: Merchant, intent: Wire) -> None:
    """Some test cards dispute every payment."""
    charge = merchant.objects[intent["latest_charge"]]
    card = card_of(merchant, charge["payment_method"])
    if card and card.dispute:
        open_dispute(merchant, charge, card.dispute)


def reason_of(text: str) -> str:
    if text not in {*REASONS, "inquiry"}:
        raise parameter("reason", f"reason is one of {sorted(REASONS)}, or inquiry")
    return text


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("dispute", call.id)


def disputes(call: Call) -> Wire:
    return listing(call, "dispute", "charge payment_intent")
