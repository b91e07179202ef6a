"""What the tests with the official Python SDK do again and again."""

from typing import Any

import stripe
from stripe import StripeClient

from tests.sandbox.stripe.conftest import RETURN_URL

CARD = {"payment_method": "pm_card_visa", "confirm": True, "return_url": RETURN_URL}


async def pay(sdk: StripeClient, amount: int = 1000, **params: object) -> stripe.PaymentIntent:
    asked: Any = {"amount": amount, "currency": "gbp"} | CARD | params
    return await sdk.v1.payment_intents.create_async(asked)


async def customer_with_card(sdk: StripeClient, card: str = "pm_card_visa") -> stripe.Customer:
    customer = await sdk.v1.customers.create_async({"email": "payer@example.com"})
    method = await sdk.v1.payment_methods.attach_async(card, {"customer": customer.id})
    return await sdk.v1.customers.update_async(
        customer.id, {"invoice_settings": {"default_payment_method": method.id}}
    )


async def monthly(sdk: StripeClient, amount: int = 900) -> stripe.Price:
    return await sdk.v1.prices.create_async(
        {
            "currency": "gbp",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Hosting"},
        }
    )
