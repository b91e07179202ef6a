"""Charges: one for each try to collect, with what it cost and what was given back."""

from typing import Any

from payymo_api.sandbox.stripe.cards import OWN_CODE, Card
from payymo_api.sandbox.stripe.expansion import includable, listed
from payymo_api.sandbox.stripe.ledger import book, processing_fees
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.payment_methods import card_of
from payymo_api.sandbox.stripe.refusals import Wire
from payymo_api.sandbox.stripe.request import Call

_FRAUD = {"fraudulent", "merchant_blacklist"}


def charge_for(merchant: Merchant, intent: Wire, method: Wire, **fields: Any) -> Wire:  # noqa: ANN401  any JSON value
    """Make the charge of a try; `fields` tell how it went."""
    prefix = "ch" if method["type"] == "card" else "py"
    wire = merchant.keep(
        "charge",
        prefix,
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        application=None,
        application_fee=None,
        application_fee_amount=intent["application_fee_amount"],
        balance_transaction=None,
        billing_details=method["billing_details"],
        calculated_statement_descriptor=intent["statement_descriptor"] or "SANDBOX",
        captured=False,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        fraud_details={},
        metadata=dict(intent["metadata"]),
        on_behalf_of=intent["on_behalf_of"],
        outcome=None,
        paid=False,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(merchant, intent, method),
        receipt_email=intent["receipt_email"],
        receipt_number=None,
        receipt_url=None,
        refunded=False,
        review=None,
        shipping=intent["shipping"],
        source=None,
        source_transfer=None,
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=intent["statement_descriptor_suffix"],
        status="pending",
        transfer_data=intent["transfer_data"],
        transfer_group=intent["transfer_group"],
    )
    wire |= fields
    intent["latest_charge"] = wire["id"]
    return wire


def _details(merchant: Merchant, intent: Wire, method: Wire) -> Wire:
    type = method["type"]
    if type != "card":
        kept = {name: value for name, value in method[type].items() if name != "generated_from"}
        return {"type": type, type: kept | {"mandate": None}}
    card = method["card"]
    secure = merchant.private["secured"].get(intent["id"])
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    return {
        "type": "card",
        "card": {name: card[name] for name in shown}
        | {
            "amount_authorized": intent["amount"],
            "authorization_code": merchant.letters(6).upper(),
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": card["last4"],
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": merchant.letters(15),
            "overcapture": {
                "maximum_amount_capturable": intent["amount"],
                "status": "unavailable",
            },
            "regulated_status": "unregulated",
            "three_d_secure": secure,
            "wallet": None,
        },
    }


def approved(*, captured: bool, amount: int) -> Wire:
    """The fields of a charge that went through."""
    return {
        "status": "succeeded",
        "paid": True,
        "captured": captured,
        "amount_captured": amount if captured else 0,
        "outcome": _outcome("authorized", "approved_by_network", None),
    }


def declined(card: Card | None, code: str, message: str) -> Wire:
    """The fields of a charge that did not."""
    blocked = code in _FRAUD
    network = "not_sent_to_network" if blocked else "declined_by_network"
    outcome = _outcome("blocked" if blocked else "issuer_declined", network, code)
    return {
        "status": "failed",
        "failure_code": code if code in OWN_CODE or card is None else "card_declined",
        "failure_message": message,
        "outcome": outcome,
    }


def _outcome(type: str, network_status: str, reason: str | None) -> Wire:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "risk_level": "highest" if type == "blocked" else "normal",
        "risk_score": 90 if type == "blocked" else 10,
        "seller_message": "Payment complete." if type == "authorized" else "Payment refused.",
        "type": type,
    }


def settle(merchant: Merchant, charge: Wire) -> None:
    """Bring the captured amount into the balance."""
    card = card_of(merchant, charge["payment_method"])
    amount, currency = charge["amount_captured"], charge["currency"]
    entry = book(
        merchant,
        "charge" if card else "payment",
        amount,
        currency,
        charge["id"],
        fees=processing_fees(amount, currency, charge["application_fee_amount"]),
        description=charge["description"],
        at_once=bool(card and card.at_once),
    )
    charge["balance_transaction"] = entry["id"]


def charges(call: Call) -> Wire:
    return listing(call, "charge", "customer payment_intent transfer_group")


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("charge", call.id)


def update(call: Call) -> Wire:
    asked = call.params.only("description metadata receipt_email transfer_group fraud_details")
    wire = call.merchant.get("charge", call.id)
    wire |= asked.texts_of("description receipt_email transfer_group")
    wire["metadata"] = asked.metadata(wire["metadata"])
    if report := asked.section("fraud_details").text("user_report"):
        wire["fraud_details"] = {"user_report": report}
    call.merchant.emit("charge.updated", wire)
    return wire


@includable("charge", "refunds")
def _refunds(merchant: Merchant, charge: Wire) -> Wire:
    rows = [wire for wire in merchant.newest_first("refund") if wire["charge"] == charge["id"]]
    return listed(rows, f"/v1/charges/{charge['id']}/refunds")
