from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from payymo_api.core.fields import Answer, Instant, Request, Text
from payymo_api.core.refs import (
    EndpointRef,
)
from payymo_api.webhooks.rules.subscriptions import EVERY
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.events import EventTypeName, known


def _known_or_every(name: str) -> str:
    return name if name == EVERY else known(name)


Subscription = Annotated[
    str,
    AfterValidator(_known_or_every),
    WithJsonSchema(
        {"type": "string", "enum": [EVERY, *EVENT_TYPES], "examples": ["transaction.matched"]}
    ),
]


class EndpointRequest(Request):
    url: Annotated[
        str,
        Field(
            max_length=2048,
            examples=["https://example.com/payymo"],
            description="Where events go: public, https, port 443 or 1024 and above.",
        ),
    ]
    event_types: Annotated[
        list[Subscription],
        Field(min_length=1, max_length=100, description="What is sent; `*` for every event type."),
    ]
    description: Annotated[Text | None, Field(description="For those who look after it.")] = None
    enabled: Annotated[bool, Field(description="False: nothing is sent; open events wait.")] = True
    each_line: Annotated[
        bool,
        Field(
            description="True: an event for every line of a first reading, an import or an "
            "application of category rules; false: one summary in their place."
        ),
    ] = False


class EndpointAnswer(Answer):
    id: EndpointRef
    url: str
    event_types: list[str]
    description: str | None
    enabled: bool
    disabled_reason: Annotated[
        Literal["gone"] | None, Field(description="`gone`: it answered 410, so we stopped.")
    ]
    each_line: bool
    previous_secret_until: Annotated[
        Instant | None, Field(description="Until then the secret before the last rotation signs.")
    ]
    created_at: Instant
    updated_at: Instant


class NewSecretAnswer(EndpointAnswer):
    secret: Annotated[
        str,
        Field(
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
            description="Verifies signatures: shown this once, kept encrypted.",
        ),
    ]


class TestRequest(Request):
    event_type: Annotated[
        EventTypeName, Field(description="What the test looks like; subscribed to or not.")
    ] = "transaction.created"
