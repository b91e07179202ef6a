from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from payymo_api.core.fields import Request, Text
from payymo_api.webhooks.rules import headers
from payymo_api.webhooks.schemas.endpoint_answers import Ordering
from payymo_api.webhooks.schemas.events import EventTypeName, Subscription
from payymo_api.webhooks.schemas.filters import Filter


def _header_name(name: str) -> str:
    if reason := headers.refusal(name):
        raise ValueError(reason)
    return name


def _header_value(value: SecretStr) -> SecretStr:
    if not headers.is_value(value.get_secret_value()):
        raise ValueError("a header's value is 1 to 2,000 characters of visible ASCII")
    return value


def _each_once(given: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    if name := headers.twice(given):
        raise ValueError(f"{name} stands twice")
    return given


Headers = Annotated[
    dict[
        Annotated[str, AfterValidator(_header_name)],
        Annotated[SecretStr, AfterValidator(_header_value)],
    ],
    AfterValidator(_each_once),
    Field(
        max_length=20,
        examples=[{"Authorization": "Bearer example"}],
        description="Sent with every event. Values are kept encrypted and never shown; left out "
        "of a PUT, all stay as they are.",
    ),
]


class EndpointRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "https://example.com/payymo",
                    "event_types": ["transaction.*", "invoice.paid"],
                    "filter": [{"field": "amount_minor", "operator": "gte", "value": 10000}],
                }
            ]
        }
    )

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
        Field(
            min_length=1,
            max_length=100,
            description="What is sent: event types, `transaction.*` for all of a kind, `*` for "
            "every one.",
        ),
    ]
    filter: Filter = []
    description: Annotated[Text | None, Field(description="For those who look after it.")] = None
    enabled: Annotated[bool, Field(description="False: nothing is sent; open events wait.")] = True
    paused: Annotated[bool, Field(description="True: the same, for a while.")] = False
    each_line: Annotated[
        bool,
        Field(
            description="True: an event for every line of a first reading, an import or an "
            "application of category rules; false: one summary in their place."
        ),
    ] = False
    headers: Headers | None = None
    ordering: Annotated[
        Ordering | None,
        Field(
            description="`endpoint`: one event after the other, in their order; `object`: those of "
            "one object (a transaction, an invoice …) in their order. Null: as they come."
        ),
    ] = None
    rate_limit: Annotated[
        int | None, Field(ge=1, le=10_000, description="At most so many a second.")
    ] = None
    max_concurrency: Annotated[
        int, Field(ge=1, le=100, description="At most so many at the same time.")
    ] = 20
    retry_schedule: Annotated[
        list[Annotated[int, Field(ge=1, le=86_400)]] | None,
        Field(
            min_length=1,
            max_length=20,
            examples=[[60, 600, 3600]],
            description="Seconds between one attempt and the next; null: 12 attempts in 79 hours.",
        ),
    ] = None
    asymmetric: Annotated[
        bool, Field(description="True: sign with ed25519 (`v1a`) too; see `public_key`.")
    ] = False
    verify_ownership: Annotated[
        bool,
        Field(
            description="True: a new URL gets nothing until it has echoed a challenge "
            "(POST …/verify)."
        ),
    ] = False


class TestRequest(Request):
    event_type: Annotated[
        EventTypeName, Field(description="What the test looks like; subscribed to or not.")
    ] = "transaction.created"
