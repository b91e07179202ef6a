from typing import Annotated

from fastapi import Query, Response

from payymo_api.core.fields import Listing, PlainListing
from payymo_api.core.refs import EventRef
from payymo_api.edge import exact
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.schemas.events import (
    EventAnswer,
    EventFilters,
)

router = api_router("/events", "events")


@router.get("", response_model=Listing[EventAnswer])
async def list_events(scope: ScopeDep, filters: Annotated[EventFilters, Query()]) -> PlainListing:
    """List the events of the last 90 days by their sequence, each as its webhook carries it."""
    page = await EventRepository(scope).page(filters)
    return PlainListing([exact.parse(each.body or b"") for each in page.rows], page.next_cursor)


@router.get("/{event_id}", response_model=EventAnswer)
async def get_event(scope: ScopeDep, event_id: EventRef) -> Response:
    """Read one event: byte for byte the body that is sent to endpoints."""
    event = await EventRepository(scope).get(event_id)
    return Response(event.body, media_type="application/json")
