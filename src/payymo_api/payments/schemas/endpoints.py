import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from payymo_api.core.fields import Answer, Request
from payymo_api.core.refs import StripeConnectionRef

_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]{1,249}")


def _check(secret: SecretStr) -> SecretStr:
    if not _SECRET.fullmatch(secret.get_secret_value()):
        raise ValueError("a signing secret starts with whsec_")
    return secret


class WebhookSecretRequest(Request):
    secret: Annotated[
        SecretStr,
        AfterValidator(_check),
        Field(
            description="The signing secret that Stripe shows for the endpoint; never shown again.",
            examples=["whsec_example0000"],
        ),
    ]


class StripeWebhookAnswer(Answer):
    """Where Stripe delivers a connection's own events."""

    connection_id: StripeConnectionRef
    url: Annotated[
        str,
        Field(
            examples=["https://api.example.com/webhooks/stripe/scon_06ghq1m2dpuh5c9s2rcmo3g8d4"],
            description="The endpoint's URL, should you make it yourself.",
        ),
    ]
    endpoint_id: Annotated[
        str | None,
        Field(examples=["we_1Example"], description="The endpoint at Stripe that Payymo made."),
    ]
    secrets_in_force: Annotated[
        int, Field(examples=[1], description="0: no event can come. 2: one is being rolled.")
    ]
    event_types: Annotated[
        Sequence[str],
        Field(examples=[["payment_intent.succeeded"]], description="What it must be sent."),
    ]
