from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant
from payymo_api.core.refs import EndpointRef
from payymo_api.webhooks.schemas.filters import StoredFilter

EndpointStatus = Literal["enabled", "paused", "disabled"]
Ordering = Literal["endpoint", "object"]
FailingSince = Annotated[
    Instant | None,
    Field(description="The first failure since something was last delivered; null: healthy."),
]
FailingPercent = Annotated[
    int | None,
    Field(
        description="How much of the five days is over that it may fail, up to 100; null: healthy, "
        "or not sent to."
    ),
]
DisablesAt = Annotated[
    Instant | None, Field(description="From then on, an attempt that fails disables it.")
]


class EndpointAnswer(Answer):
    id: EndpointRef
    url: str
    event_types: list[str]
    filter: StoredFilter
    description: str | None
    status: EndpointStatus
    enabled: Annotated[bool, Field(description="False: it is disabled.")]
    paused: bool
    disabled_reason: Annotated[
        Literal["gone", "failing", "receiver", "unverified"] | None,
        Field(
            description="`gone`: it answered 410; `receiver`: it asked for that by a header; "
            "`failing`: it failed for 5 days; `unverified`: its URL has not echoed a challenge "
            "yet. Null: by you, or not disabled."
        ),
    ]
    each_line: bool
    header_names: list[str]
    ordering: Ordering | None
    rate_limit: int | None
    max_concurrency: int
    retry_schedule: list[int] | None
    asymmetric: bool
    public_key: Annotated[
        str | None,
        Field(
            examples=["whpk_3p2GYQ4rmnhYAjIPkVfrxG1fXq4Y8RAFNbgoA4Yj6mU="],
            description="Verifies `v1a` signatures; no secret.",
        ),
    ]
    verify_ownership: bool
    verified_at: Instant | None
    failing_since: FailingSince
    failing_percent: FailingPercent
    disables_at: DisablesAt
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
