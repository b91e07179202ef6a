"""Refunds: whole or in part, at once, later, or failing after all."""

from payymo_api.sandbox.stripe.ledger import DAY, book
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import card_of
from payymo_api.sandbox.stripe.refusals import Wire, missing, parameter, wrong_state
from payymo_api.sandbox.stripe.request import Call

_KNOWN = "amount charge payment_intent reason metadata instructions_email refund_application_fee"
_REASONS = {"duplicate", "fraudulent", "requested_by_customer"}


def create(call: Call) -> Wire:
    asked = call.params.only(f"{_KNOWN} reverse_transfer")
    charge = _charge(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if _is_disputed(call, charge):
        raise wrong_state("charge_disputed", "A disputed charge can't be refunded.")
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise wrong_state("charge_not_refundable", "The charge was not captured.")
    if left == 0:
        raise wrong_state("charge_already_refunded", "The charge has been refunded already.")
    amount = asked.integer("amount", left) or 0
    if not 0 < amount <= left:
        raise parameter("amount", f"At most {left} can be refunded.", "amount_too_large")
    reason = asked.text("reason")
    if reason and reason not in _REASONS:
        raise parameter("reason", f"Invalid reason: {reason}")
    return refund(call.merchant, charge, amount, reason=reason, metadata=asked.metadata())


def _charge(call: Call) -> Wire:
    id, intent = call.params.text("charge"), call.params.text("payment_intent")
    if intent:
        id = call.merchant.get("payment_intent", intent, "payment_intent")["latest_charge"]
        if id is None:
            raise wrong_state("charge_not_refundable", "The PaymentIntent has no charge.")
    if id is None:
        raise missing("charge")
    return call.merchant.get("charge", id, "charge")


def _is_disputed(call: Call, charge: Wire) -> bool:
    """While the bank only asks, a refund is still possible."""
    return charge["disputed"] and not any(
        dispute["charge"] == charge["id"] and dispute["is_charge_refundable"]
        for dispute in call.merchant.tables["dispute"].values()
    )


def refund(
    merchant: Merchant, charge: Wire, amount: int, *, reason: str | None, metadata: dict[str, str]
) -> Wire:
    card = card_of(merchant, charge["payment_method"])
    wire = merchant.keep(
        "refund",
        "re",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details=_destination(charge),
        metadata=metadata,
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=reason,
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending" if card is None or card.refund == "pending" else "succeeded",
        transfer_reversal=None,
    )
    del wire["livemode"]
    _book(merchant, charge, wire)
    merchant.emit("refund.created", wire)
    merchant.emit("charge.refunded", charge)
    _plan(merchant, wire, card.refund if card else "pending")
    return wire


def _destination(charge: Wire) -> Wire:
    type = charge["payment_method_details"]["type"]
    if type != "card":
        return {"type": type, type: {}}
    details = {"reference": None, "reference_status": "pending", "type": "refund"}
    return {"type": "card", "card": details | {"reference_type": "acquirer_reference_number"}}


def _book(merchant: Merchant, charge: Wire, wire: Wire) -> None:
    card = card_of(merchant, charge["payment_method"])
    type = "refund" if card else "payment_refund"
    entry = book(merchant, type, -wire["amount"], wire["currency"], wire["id"], at_once=True)
    wire["balance_transaction"] = entry["id"]
    charge["amount_refunded"] += wire["amount"]
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]


def _plan(merchant: Merchant, wire: Wire, fate: str | None) -> None:
    """The test cards' refunds are decided a day later, unless a tester does so before."""
    if fate == "pending":
        merchant.later(merchant.now() + DAY, lambda: succeed(merchant, wire))
    if fate == "fail":
        merchant.later(
            merchant.now() + DAY, lambda: fail(merchant, wire, "expired_or_canceled_card")
        )


def succeed(merchant: Merchant, wire: Wire) -> None:
    if wire["status"] == "pending":
        wire["status"] = "succeeded"
        _changed(merchant, wire)


def fail(merchant: Merchant, wire: Wire, reason: str) -> None:
    """The money comes back into the balance; the charge counts as not refunded."""
    if wire["status"] in {"pending", "succeeded"}:
        _return(merchant, wire, "failed")
        wire["failure_reason"] = reason
        merchant.emit("refund.failed", wire)
        _changed(merchant, wire)


def _return(merchant: Merchant, wire: Wire, status: str) -> None:
    entry = book(
        merchant, "refund_failure", wire["amount"], wire["currency"], wire["id"], at_once=True
    )
    wire |= {"status": status, "failure_balance_transaction": entry["id"]}
    charge = merchant.objects[wire["charge"]]
    charge["amount_refunded"] -= wire["amount"]
    charge["refunded"] = False


def _changed(merchant: Merchant, wire: Wire) -> None:
    merchant.emit("refund.updated", wire)
    merchant.emit("charge.refund.updated", wire)


def cancel(call: Call) -> Wire:
    call.params.only("")
    wire = call.merchant.get("refund", call.id)
    if wire["status"] != "pending":
        raise wrong_state(None, "Only a pending refund can be canceled.")
    _return(call.merchant, wire, "canceled")
    _changed(call.merchant, wire)
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("refund", call.id)


def update(call: Call) -> Wire:
    asked = call.params.only("metadata")
    wire = call.merchant.get("refund", call.id)
    wire["metadata"] = asked.metadata(wire["metadata"])
    _changed(call.merchant, wire)
    return wire


def refunds(call: Call) -> Wire:
    return listing(call, "refund", "charge payment_intent")
