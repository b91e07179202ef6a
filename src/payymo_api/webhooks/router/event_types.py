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
