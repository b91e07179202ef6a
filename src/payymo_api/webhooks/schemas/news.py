"""`data` of what webhooks announce, and of what a later version will."""

from collections.abc import Sequence
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


class EndpointDisabled(Answer):
    """`data` of `webhook_endpoint.disabled`: the endpoint as it is now."""

    id: EndpointRef
    url: str
    event_types: Sequence[str]
    description: str | None
    enabled: bool
    disabled_reason: Annotated[
        Literal["gone", "failing", "receiver"],
        Field(
            description="`gone`: it answered 410. `failing`: nothing could be delivered for too "
            "long. `receiver`: it asked for that in a response header."
        ),
    ]
    each_line: bool
    previous_secret_until: Instant | None
    created_at: Instant
    updated_at: Instant


class PaymentRequestNews(Answer):
    """`data` of the `payment_request` events, at least: none is sent yet."""

    id: Annotated[str, Field(examples=["BRQ000123"])]
    amount: AmountOut
    amount_minor: int
    currency: str
