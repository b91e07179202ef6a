from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant
from payymo_api.core.refs import MatchingRunRef


class RunAnswer(Answer):
    """A new look at every open line."""

    id: MatchingRunRef
    status: Literal["queued", "running", "succeeded"]
    lines: Annotated[
        int | None, Field(description="How many lines there were to look at, once it has begun.")
    ]
    requested_by: Annotated[str, Field(description="The API key's id.")]
    created_at: Instant
    ended_at: Instant | None
