from typing import Annotated

from fastapi import Path

from payymo_api.core.errors import NotFound
from payymo_api.edge.route import api_router
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES
from payymo_api.webhooks.schemas.events import EventTypeAnswer, EventTypesAnswer

router = api_router("/event_types", "events")


@router.get("")
async def list_event_types() -> EventTypesAnswer:
    """List every event type, what it says and what its `data` looks like."""
    return EventTypesAnswer(
        data=[EventTypeAnswer.model_validate(each) for each in EVENT_TYPES.values()]
    )


@router.get("/{event_type}")
async def get_event_type(
    event_type: Annotated[str, Path(max_length=100, examples=["transaction.created"])],
) -> EventTypeAnswer:
    """Read one event type."""
    found = EVENT_TYPES.get(event_type)
    if found is None:
        raise NotFound("There is no such thing here.")
    return EventTypeAnswer.model_validate(found)
