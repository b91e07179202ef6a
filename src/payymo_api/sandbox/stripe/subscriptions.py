"""Subscriptions: create, update with proration, pause, cancel."""

from payymo_api.sandbox.stripe import billing
from payymo_api.sandbox.stripe.expansion import listed
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.ledger import DAY
from payymo_api.sandbox.stripe.listing import PAGING, page
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.proration import PRORATIONS, prorate
from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing, no_such, parameter
from payymo_api.sandbox.stripe.request import Call
from payymo_api.sandbox.stripe.subscription_items import changed, new_subscription_item

_TEXTS = "description default_payment_method"
_COMMON = (
    f"{_TEXTS} items metadata cancel_at_period_end collection_method days_until_due off_session"
    " payment_behavior payment_settings proration_behavior trial_end"
)
_BEHAVIORS = {"allow_incomplete", "default_incomplete", "error_if_incomplete"}
_METHODS = {"charge_automatically", "send_invoice"}
_PAUSES = {"keep_as_draft", "mark_uncollectible", "void"}
_OVER = {"canceled", "incomplete_expired"}


def create(call: Call) -> Wire:
    asked = call.params.only(f"{_COMMON} customer currency trial_period_days billing_mode")
    return subscribe(call.merchant, asked)


def subscribe(merchant: Merchant, asked: Parameters) -> Wire:
    customer = merchant.get("customer", asked.needed("customer"), "customer")
    behavior = asked.one_of("payment_behavior", _BEHAVIORS, "allow_incomplete")
    wire = _new(merchant, asked, customer)
    _check_payable(merchant, wire, customer, behavior)
    first = billing.bill_now(merchant, wire, "subscription_create", sell=True)
    billing.first_payment(merchant, wire, first, behavior)
    merchant.emit("customer.subscription.created", wire)
    return wire


def _new(merchant: Merchant, asked: Parameters, customer: Wire) -> Wire:
    if not asked.rows("items"):
        raise missing("items")
    now, trial_end = merchant.now(), _trial_end(merchant, asked)
    wire = merchant.keep(
        "subscription",
        "sub",
        application=None,
        application_fee_percent=None,
        automatic_tax={"disabled_reason": None, "enabled": False, "liability": None},
        billing_cycle_anchor=trial_end or now,
        billing_cycle_anchor_config=None,
        billing_mode={"type": "flexible", "flexible": {}},
        billing_schedules=[],
        billing_thresholds=None,
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically",
        currency=None,
        customer=customer["id"],
        days_until_due=None,
        default_payment_method=None,
        default_source=None,
        default_tax_rates=[],
        description=None,
        discounts=[],
        ended_at=None,
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        latest_invoice=None,
        metadata={},
        next_pending_invoice_item_invoice=None,
        on_behalf_of=None,
        pause_collection=None,
        payment_settings=asked.plain("payment_settings"),
        pending_invoice_item_interval=None,
        pending_setup_intent=None,
        pending_update=None,
        schedule=None,
        start_date=now,
        status="trialing" if trial_end else "active",
        test_clock=None,
        transfer_data=None,
        trial_end=trial_end,
        trial_settings={"end_behavior": {"missing_payment_method": "create_invoice"}},
        trial_start=now if trial_end else None,
    )
    wire["items"] = listed([], f"/v1/subscription_items?subscription={wire['id']}")
    try:
        for row in asked.rows("items"):
            row.only("price price_data quantity metadata")
            new_subscription_item(merchant, wire, row, (now, now))
        _apply(merchant, wire, asked)
    except Refusal:
        merchant.forget(wire)
        raise
    period = (now, trial_end) if trial_end else billing.next_period(wire, now)
    billing.set_period(merchant, wire, *period)
    return wire


def _trial_end(merchant: Merchant, asked: Parameters) -> int | None:
    days = asked.integer("trial_period_days")
    if days:
        return merchant.now() + days * DAY
    return None if asked.text("trial_end") == "now" else asked.integer("trial_end")


def _check_payable(merchant: Merchant, wire: Wire, customer: Wire, behavior: str) -> None:
    """Who is charged automatically needs something to be charged."""
    settings = customer["invoice_settings"]["default_payment_method"]
    known = wire["default_payment_method"] or settings or wire["status"] == "trialing"
    automatic = wire["collection_method"] == "charge_automatically"
    if automatic and not known and behavior != "default_incomplete":
        merchant.forget(wire)
        raise Refusal("The customer has no default payment method.", code="resource_missing")


def _apply(merchant: Merchant, wire: Wire, asked: Parameters) -> None:
    wire |= asked.texts_of(_TEXTS)
    if merchant.knows_of(wire) and asked.text("trial_end") not in {None, "now"}:
        raise parameter("trial_end", "The sandbox ends a trial now, or when it was to end.")
    merchant.find("payment_method", wire["default_payment_method"], "default_payment_method")
    wire["metadata"] = asked.metadata(wire["metadata"])
    wire["collection_method"] = asked.one_of(
        "collection_method", _METHODS, wire["collection_method"]
    )
    wire["days_until_due"] = asked.integer("days_until_due", wire["days_until_due"])
    if wire["collection_method"] == "send_invoice" and wire["days_until_due"] is None:
        raise missing("days_until_due")
    if "cancel_at_period_end" in asked:
        _plan_end(merchant, wire, asked, at_end=asked.flag("cancel_at_period_end"))


def _plan_end(merchant: Merchant, wire: Wire, asked: Parameters, *, at_end: bool) -> None:
    end = wire["items"]["data"][0]["current_period_end"]
    wire |= {
        "cancel_at_period_end": at_end,
        "cancel_at": end if at_end else None,
        "canceled_at": merchant.now() if at_end else None,
    }
    details = asked.section("cancellation_details")
    wire["cancellation_details"] = {
        "comment": details.text("comment"),
        "feedback": details.text("feedback"),
        "reason": "cancellation_requested" if at_end else None,
    }


def update(call: Call) -> Wire:
    asked = call.params.only(
        f"{_COMMON} pause_collection billing_cycle_anchor cancellation_details"
    )
    merchant, wire = call.merchant, call.merchant.get("subscription", call.id)
    if wire["status"] in _OVER and {*asked.names()} - {"metadata", "expand"}:
        raise Refusal("A canceled subscription's metadata alone can be changed.")
    proration = asked.one_of("proration_behavior", PRORATIONS, "create_prorations")
    _apply(merchant, wire, asked)
    if "pause_collection" in asked:
        _pause(merchant, wire, asked.section("pause_collection"))
    _change_items(merchant, wire, asked, proration)
    merchant.emit("customer.subscription.updated", wire)
    return wire


def _pause(merchant: Merchant, wire: Wire, asked: Parameters) -> None:
    if not asked:
        wire["pause_collection"] = None
        return
    resumes_at = asked.integer("resumes_at")
    behavior = asked.one_of("behavior", _PAUSES, "void")
    wire["pause_collection"] = {"behavior": behavior, "resumes_at": resumes_at}
    if resumes_at:
        merchant.later(resumes_at, lambda: _resume(merchant, wire, resumes_at))


def _resume(merchant: Merchant, wire: Wire, at: int) -> None:
    paused = wire["pause_collection"]
    if paused and paused["resumes_at"] == at:
        wire["pause_collection"] = None
        merchant.emit("customer.subscription.updated", wire)


def _change_items(merchant: Merchant, wire: Wire, asked: Parameters, proration: str) -> None:
    """A new interval, or an end of the trial, starts a new period that is billed at once."""
    interval = _interval(wire)
    trial_over = asked.text("trial_end") == "now" and wire["status"] == "trialing"
    changes = changed(merchant, wire, asked.rows("items"))
    restart = asked.text("billing_cycle_anchor") == "now" or interval != _interval(wire)
    if proration != "none" and wire["status"] != "trialing":
        prorate(merchant, wire, changes)
        if restart and not changes:
            billing.credit_the_rest(merchant, wire)
    if trial_over:
        wire |= {"status": "active", "trial_end": merchant.now()}
    if restart or trial_over:
        wire["billing_cycle_anchor"] = merchant.now()
        billing.set_period(merchant, wire, *billing.next_period(wire, merchant.now()))
        billing.bill_changes(merchant, wire, sell=True)
    elif changes and proration == "always_invoice":
        billing.bill_changes(merchant, wire, sell=False)


def _interval(wire: Wire) -> tuple[str, int]:
    recurring = wire["items"]["data"][0]["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def cancel(call: Call) -> Wire:
    asked = call.params.only("cancellation_details invoice_now prorate")
    merchant, wire = call.merchant, call.merchant.get("subscription", call.id)
    if wire["status"] in _OVER:
        raise no_such("subscription", call.id)
    if asked.flag("prorate"):
        billing.credit_the_rest(merchant, wire)
    if asked.flag("invoice_now"):
        billing.bill_changes(merchant, wire, sell=False)
    details = asked.section("cancellation_details")
    wire["cancellation_details"] |= details.texts_of("comment feedback")
    billing.finish(merchant, wire, "cancellation_requested")
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("subscription", call.id)


def subscriptions(call: Call) -> Wire:
    """Ended ones only where `status` asks for them, or for all."""
    asked = call.params.only(f"{PAGING} customer price status collection_method")
    status = asked.text("status")
    rows = [
        row
        for row in call.merchant.newest_first("subscription")
        if status == "all" or (row["status"] == status if status else row["status"] != "canceled")
    ]
    for name in ("customer", "collection_method"):
        if wanted := asked.text(name):
            rows = [row for row in rows if row[name] == wanted]
    if price := asked.text("price"):
        rows = [
            row
            for row in rows
            if any(item["price"]["id"] == price for item in row["items"]["data"])
        ]
    return page(call, rows)
