from typing import Annotated, Literal

from pydantic import Field

from payymo_api.core.fields import Answer, Instant
from payymo_api.core.refs import StripeConnectionRef
from payymo_api.core.troubles import Trouble


class CatchUpAnswer(Answer):
    """The newest walk over a connection's events."""

    connection_id: StripeConnectionRef
    status: Annotated[
        Literal["queued", "running", "done", "failed"],
        Field(description="`done`: every event that Stripe tells of is known."),
    ]
    requested_at: Instant
    finished_at: Instant | None
    next_at: Annotated[Instant | None, Field(description="When the next begins by itself.")]
    seen_until: Annotated[Instant, Field(description="Events made before this are known.")]
    events_listed: Annotated[int, Field(examples=[120])]
    events_new: Annotated[int, Field(examples=[3], description="Those that had never come.")]
    events_waiting: Annotated[
        int, Field(examples=[0], description="Known, and not yet dealt with; newer ones too.")
    ]
    error: Annotated[Trouble | None, Field(description="Why it stands still, if it does.")]
