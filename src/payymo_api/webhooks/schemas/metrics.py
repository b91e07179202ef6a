from decimal import Decimal
from typing import Annotated

from pydantic import Field, WithJsonSchema

from payymo_api.core.fields import Answer, Filters, Instant
from payymo_api.core.refs import EndpointRef
from payymo_api.webhooks.schemas.endpoint_answers import (
    DisablesAt,
    EndpointStatus,
    FailingPercent,
    FailingSince,
)

Ratio = Annotated[Decimal, WithJsonSchema({"type": "number", "examples": [0.9987]})]
Milliseconds = Annotated[
    int | None,
    Field(examples=[48], description="Time to answer, 9 % off at most; null without an answer."),
]


class MetricsFilters(Filters):
    hours: Annotated[
        int, Field(ge=1, le=720, description="Of so many hours, the one that runs included.")
    ] = 24


class Figures(Answer):
    """What attempts came to; each attempt counts, so a delivery may count several times."""

    delivered: Annotated[int, Field(description="Attempts that were answered 2xx.")]
    failed: Annotated[int, Field(description="All other attempts.")]
    success_rate: Annotated[
        Ratio | None, Field(description="Of all attempts, to four decimals; null without any.")
    ]
    p50_ms: Milliseconds
    p95_ms: Milliseconds
    p99_ms: Milliseconds


class HourFigures(Figures):
    hour: Annotated[Instant, Field(description="Its beginning.")]


class EndpointMetrics(Figures):
    endpoint_id: EndpointRef
    status: EndpointStatus
    waiting: Annotated[
        int, Field(description="Deliveries that are pending; 10,001: there are more than 10,000.")
    ]
    queue_age_seconds: Annotated[
        int | None, Field(description="Age of the oldest of them; null: nothing waits.")
    ]
    failing_since: FailingSince
    failing_percent: FailingPercent
    disables_at: DisablesAt
    since: Annotated[Instant, Field(description="The beginning of the first hour.")]
    hours: Annotated[
        list[HourFigures], Field(description="The earliest first; without those of no attempt.")
    ]
