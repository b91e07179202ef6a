"""Customers, subscriptions and invoices as answers."""

from typing import Any

from pydantic import BaseModel

from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.payments.models import (
    Mirrored,
    StripeCustomer,
    StripeInvoice,
    StripeSubscription,
)
from payymo_api.payments.rules.amounts import from_stripe
from payymo_api.payments.rules.raw import Raw, id_of
from payymo_api.payments.schemas.customers import AddressAnswer, StripeCustomerAnswer
from payymo_api.payments.schemas.invoices import (
    InvoiceLineAnswer,
    InvoicePaymentAnswer,
    StripeInvoiceAnswer,
)
from payymo_api.payments.schemas.subscriptions import SubscriptionAnswer, SubscriptionItemAnswer


def customer_answer(row: StripeCustomer) -> StripeCustomerAnswer:
    return StripeCustomerAnswer.model_validate(
        {
            **_columns(row, StripeCustomerAnswer),
            "address": AddressAnswer.model_validate(row.raw["address"])
            if row.raw["address"]
            else None,
        }
    )


def subscription_answer(row: StripeSubscription) -> SubscriptionAnswer:
    return SubscriptionAnswer.model_validate(
        {**_columns(row, SubscriptionAnswer), "items": [_item(each) for each in row.items]}
    )


def _item(item: dict[str, Any]) -> SubscriptionItemAnswer:
    unit = item["unit_amount_minor"]
    amount = None if unit is None else Money(unit, item["currency"]).decimal()
    return SubscriptionItemAnswer(unit_amount=amount, **item)


def invoice_answer(row: StripeInvoice) -> StripeInvoiceAnswer:
    lines = row.raw["lines"]
    return StripeInvoiceAnswer.model_validate(
        {
            **_columns(row, StripeInvoiceAnswer),
            **money_fields(Money(row.amount_due_minor, row.currency)),
            "lines": [_line(each, row.currency) for each in lines["data"]],
            "has_more_lines": lines["has_more"],
            "payments": [_payment(each, row.currency) for each in row.raw["payments"]["data"]],
        }
    )


def _line(raw: Raw, currency: str) -> InvoiceLineAnswer:
    details = ((raw["pricing"] or {}).get("price_details")) or {}
    return InvoiceLineAnswer(
        stripe_id=raw["id"],
        description=raw["description"],
        quantity=raw["quantity"],
        price=id_of(details.get("price")),
        **money_fields(Money(from_stripe(raw["amount"], currency), currency)),
    )


def _payment(raw: Raw, currency: str) -> InvoicePaymentAnswer:
    amount = raw["amount_paid"] or raw["amount_requested"] or 0
    return InvoicePaymentAnswer(
        stripe_id=raw["id"],
        status=raw["status"],
        payment_intent=id_of(raw["payment"].get("payment_intent")),
        **money_fields(Money(from_stripe(amount, currency), currency)),
    )


def _columns(row: Mirrored, answer: type[BaseModel]) -> dict[str, Any]:
    named = {name: getattr(row, name, None) for name in answer.model_fields}
    return {**named, "livemode": row.raw["livemode"], "metadata": row.raw.get("metadata") or {}}
