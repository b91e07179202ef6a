"""`data` of what webhooks announce, and of what a later version will."""

from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import AmountOut, Answer, Instant
from payymo_api.core.refs import EndpointRef


class EndpointFailing(Answer):
    """`data` of `webhook_endpoint.failing`."""

    id: EndpointRef
    url: str
    failing_since: Annotated[
        Instant, Field(description="The first failure since something was last delivered.")
    ]
    percent: Annotated[
        Literal[50, 70, 90],
        Field(description="How much of the time is over that an endpoint may fail."),
    ]
    disables_at: Annotated[
        Instant, Field(description="When it is disabled, unless something is delivered before.")
    ]


class PaymentRequestNews(Answer):
    """`data` of the `payment_request` events, at least: none is sent yet."""

    id: Annotated[str, Field(examples=["BRQ000123"])]
    amount: AmountOut
    amount_minor: int
    currency: str
