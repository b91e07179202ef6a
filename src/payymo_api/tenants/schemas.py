from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant, Name, Request
from payymo_api.core.refs import IncidentRef, KeyRef

RESOURCES = {
    "api_keys": "Keys of this tenant: who may call, and what for.",
    "bank_accounts": "Accounts, fed by a bank or by statement files.",
    "bank_connections": "Consents that let us read accounts at a bank, and the banks there are.",
    "categories": "What money is for: categories, rules that give them, what was remembered.",
    "customers": "Who owes the money.",
    "events": "What has happened, in order: the same bodies that webhooks carry.",
    "invoices": "Invoices and credit notes: the documents that money settles.",
    "reconciliation": "Which money settles which document.",
    "security_incidents": "Tries by others to reach this tenant's objects.",
    "stripe_connections": "Stripe accounts that we may act for.",
    "stripe_customers": "Customers at Stripe, whom subscriptions and invoices are for.",
    "stripe_disputes": "What payers dispute at their banks.",
    "stripe_invoices": "Invoices at Stripe; each becomes a document in `invoices`.",
    "stripe_payments": "Payments and refunds by Stripe.",
    "stripe_payouts": "What Stripe sends to the bank, and the balance that it is made of.",
    "stripe_products": "What an account sells: products and prices, read at Stripe.",
    "stripe_subscriptions": "Subscriptions at Stripe.",
    "transactions": "Lines of bank accounts.",
    "webhook_endpoints": "Where events are sent, and how each delivery went.",
}
"""Resource -> what it is: the tags of the document, and the names in a key's scopes."""

Permission = Annotated[
    str,
    Field(
        pattern=rf"^(\*|({'|'.join(RESOURCES)}):(read|write))$",
        examples=["transactions:read"],
        description="`<resource>:read`, `<resource>:write`, or `*` for all.",
    ),
]


class KeyRequest(Request):
    name: Annotated[Name, Field(examples=["CRM"], description="What the key is for.")]
    scopes: Annotated[
        list[Permission], Field(min_length=1, max_length=40, description="What the key may do.")
    ] = ["*"]
    expires_at: Annotated[
        Instant | None,
        Field(description="Refused from then on.", examples=["2036-01-01T00:00:00Z"]),
    ] = None


class KeyAnswer(Answer):
    id: KeyRef
    name: str
    hint: Annotated[str, Field(description="The key's first letters, to tell keys apart.")]
    scopes: list[str]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Annotated[Instant | None, Field(description="Exact to about ten seconds.")]


class NewKeyAnswer(KeyAnswer):
    key: Annotated[str, Field(description="The key itself: shown this once, stored nowhere.")]


class IncidentAnswer(Answer):
    """Somebody outside this tenant named one of its objects; what they got was a 404 or a 422."""

    id: IncidentRef
    kind: Literal["foreign_object"] = "foreign_object"
    object_id: str
    request: Annotated[str, Field(examples=["GET /api/v1/invoices/{id}"])]
    attempts: Annotated[int, Field(description="In the hour that starts at `hour`.")]
    hour: Instant
    first_at: Instant
    last_at: Instant
