from typing import Annotated

import orjson
from fastapi import Query, Response

from payymo_api.core.fields import Listing, PlainListing
from payymo_api.core.refs import ErasureRef, EventRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.webhooks.repository.erasures import ErasureRepository
from payymo_api.webhooks.repository.events import EventRepository
from payymo_api.webhooks.schemas.erasures import ErasureAnswer, ErasureRequest
from payymo_api.webhooks.schemas.events import EventAnswer, EventFilters
from payymo_api.webhooks.service import erasure

router = api_router("/events", "events")


@router.get("", response_model=Listing[EventAnswer])
async def list_events(scope: ScopeDep, filters: Annotated[EventFilters, Query()]) -> PlainListing:
    """List the events of the last 90 days by their sequence, each as its webhook carries it."""
    page = await EventRepository(scope).page(filters)
    bodies = [orjson.Fragment(event.body or b"{}") for event in page.rows]
    return PlainListing(bodies, page.next_cursor)


@router.post("/erase", status_code=202)
async def erase_events(scope: ScopeDep, request: ErasureRequest) -> ErasureAnswer:
    """Take a person's data out of events.

    Which events: those whose `data` names one of the ids of `mentioning`, and those of `event_ids`.
    Their `data` becomes empty, and their body says `"erased": true`; `id`, `event_type`,
    `timestamp` and `sequence` stay. What is pending of them is not sent any more, and what
    endpoints answered to them is forgotten. It goes on after this answer:
    GET /api/v1/events/erasures/{erasure_id} tells how far it is.
    """
    return ErasureAnswer.model_validate(await erasure.ask(scope, request))


@router.get("/erasures/{erasure_id}")
async def get_event_erasure(scope: ScopeDep, erasure_id: ErasureRef) -> ErasureAnswer:
    """Read how far an erasure has come."""
    return ErasureAnswer.model_validate(await ErasureRepository(scope).get(erasure_id))


@router.get("/{event_id}", response_model=EventAnswer)
async def get_event(scope: ScopeDep, event_id: EventRef) -> Response:
    """Read one event: byte for byte the body that is sent to endpoints."""
    event = await EventRepository(scope).get(event_id)
    return Response(event.body, media_type="application/json")
