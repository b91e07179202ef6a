"""The addresses of the API, and of the pages beside it."""

from starlette.routing import BaseRoute, Route

from payymo_api.sandbox.stripe import (
    accounts,
    charges,
    customers,
    disputes,
    events,
    invoice_lines,
    invoice_payments,
    invoices,
    ledger,
    oauth,
    payment_intents,
    payment_methods,
    payouts,
    products,
    refunds,
    script,
    secure_page,
    subscription_items,
    subscriptions,
    webhook_endpoints,
)
from payymo_api.sandbox.stripe.request import Handler, answered, elsewhere


def _api(path: str, **handlers: Handler) -> list[BaseRoute]:
    return [
        Route(path, answered(handler, method, path), methods=[method])
        for method, handler in handlers.items()
    ]


_PAYMENTS = [
    *_api("/v1/customers", GET=customers.customers, POST=customers.create),
    *_api(
        "/v1/customers/{id}",
        GET=customers.retrieve,
        POST=customers.update,
        DELETE=customers.delete,
    ),
    *_api("/v1/customers/{id}/payment_methods", GET=payment_methods.of_customer),
    *_api(
        "/v1/customers/{id}/payment_methods/{payment_method}",
        GET=payment_methods.of_customer_one,
    ),
    *_api("/v1/payment_methods", GET=payment_methods.payment_methods, POST=payment_methods.create),
    *_api("/v1/payment_methods/{id}", GET=payment_methods.retrieve, POST=payment_methods.update),
    *_api("/v1/payment_methods/{id}/attach", POST=payment_methods.attach),
    *_api("/v1/payment_methods/{id}/detach", POST=payment_methods.detach),
    *_api("/v1/payment_intents", GET=payment_intents.payment_intents, POST=payment_intents.create),
    *_api("/v1/payment_intents/{id}", GET=payment_intents.retrieve, POST=payment_intents.update),
    *_api("/v1/payment_intents/{id}/confirm", POST=payment_intents.confirm),
    *_api("/v1/payment_intents/{id}/capture", POST=payment_intents.capture),
    *_api("/v1/payment_intents/{id}/cancel", POST=payment_intents.cancel),
    *_api("/v1/charges", GET=charges.charges),
    *_api("/v1/charges/{id}", GET=charges.retrieve, POST=charges.update),
    *_api("/v1/refunds", GET=refunds.refunds, POST=refunds.create),
    *_api("/v1/refunds/{id}", GET=refunds.retrieve, POST=refunds.update),
    *_api("/v1/refunds/{id}/cancel", POST=refunds.cancel),
    *_api("/v1/disputes", GET=disputes.disputes),
    *_api("/v1/disputes/{id}", GET=disputes.retrieve, POST=disputes.update),
    *_api("/v1/disputes/{id}/close", POST=disputes.accept),
]
_MONEY = [
    *_api("/v1/balance", GET=ledger.balance),
    *_api("/v1/balance_transactions", GET=ledger.balance_transactions),
    *_api("/v1/balance_transactions/{id}", GET=ledger.balance_transaction),
    *_api("/v1/payouts", GET=payouts.payouts, POST=payouts.create),
    *_api("/v1/payouts/{id}", GET=payouts.retrieve, POST=payouts.update),
    *_api("/v1/payouts/{id}/cancel", POST=payouts.cancel),
]
_BILLING = [
    *_api("/v1/products", GET=products.products, POST=products.create_product),
    *_api(
        "/v1/products/{id}",
        GET=products.product,
        POST=products.update_product,
        DELETE=products.delete_product,
    ),
    *_api("/v1/prices", GET=products.prices, POST=products.create_price),
    *_api("/v1/prices/{id}", GET=products.price, POST=products.update_price),
    *_api("/v1/invoiceitems", GET=invoice_lines.invoice_items, POST=invoice_lines.create),
    *_api("/v1/invoiceitems/{id}", GET=invoice_lines.retrieve, DELETE=invoice_lines.delete),
    *_api("/v1/invoices", GET=invoices.invoices, POST=invoices.create),
    *_api(
        "/v1/invoices/{id}",
        GET=invoices.retrieve,
        POST=invoices.update,
        DELETE=invoices.delete,
    ),
    *_api("/v1/invoices/{id}/lines", GET=invoice_lines.lines),
    *_api("/v1/invoices/{id}/add_lines", POST=invoice_lines.add_lines),
    *_api("/v1/invoices/{id}/remove_lines", POST=invoice_lines.remove_lines),
    *_api("/v1/invoices/{id}/finalize", POST=invoices.finalize),
    *_api("/v1/invoices/{id}/send", POST=invoices.send),
    *_api("/v1/invoices/{id}/pay", POST=invoices.pay),
    *_api("/v1/invoices/{id}/void", POST=invoices.void),
    *_api("/v1/invoices/{id}/mark_uncollectible", POST=invoices.mark_uncollectible),
    *_api("/v1/invoice_payments", GET=invoice_payments.invoice_payments),
    *_api("/v1/invoice_payments/{id}", GET=invoice_payments.invoice_payment),
    *_api("/v1/subscriptions", GET=subscriptions.subscriptions, POST=subscriptions.create),
    *_api(
        "/v1/subscriptions/{id}",
        GET=subscriptions.retrieve,
        POST=subscriptions.update,
        DELETE=subscriptions.cancel,
    ),
    *_api(
        "/v1/subscription_items", GET=subscription_items.items, POST=subscription_items.create_item
    ),
    *_api(
        "/v1/subscription_items/{id}",
        GET=subscription_items.item,
        POST=subscription_items.update_item,
        DELETE=subscription_items.delete_item,
    ),
]
_ACCOUNT = [
    *_api("/v1/account", GET=accounts.own),
    *_api("/v1/accounts", GET=accounts.accounts, POST=accounts.create),
    *_api("/v1/accounts/{id}", GET=accounts.retrieve),
    *_api("/v1/events", GET=events.events),
    *_api("/v1/events/{id}", GET=events.retrieve),
    *_api(
        "/v1/webhook_endpoints",
        GET=webhook_endpoints.webhook_endpoints,
        POST=webhook_endpoints.create,
    ),
    *_api(
        "/v1/webhook_endpoints/{id}",
        GET=webhook_endpoints.retrieve,
        POST=webhook_endpoints.update,
        DELETE=webhook_endpoints.delete,
    ),
]

ROUTES: list[BaseRoute] = [
    *_PAYMENTS,
    *_MONEY,
    *_BILLING,
    *_ACCOUNT,
    Route("/v1/{path:path}", elsewhere, methods=["DELETE", "GET", "OPTIONS", "POST", "PUT"]),
    Route("/oauth/authorize", oauth.authorize, methods=["GET", "POST"]),
    Route("/oauth/token", oauth.token, methods=["POST"]),
    Route("/oauth/deauthorize", oauth.deauthorize, methods=["POST"]),
    Route("/js/stripe.js", script.script),
    Route("/stripe/3ds/{account}/{id}", secure_page.authenticate, methods=["GET", "POST"]),
]
