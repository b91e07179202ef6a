from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from payymo_api.edge.route import api_router
from payymo_api.edge.scope import CallerDep, RecheckDep, ScopeDep
from payymo_api.webhooks.rules import sse
from payymo_api.webhooks.schemas.events import StreamFilters, TriggerAnswer, TriggerRequest
from payymo_api.webhooks.service import triggering
from payymo_api.webhooks.service.stream import Stream, Streams

router = api_router("/events", "events")
_EXAMPLE: Final = sse.beginning(1041) + sse.event(
    1042, "transaction.removed", b'{"id":"evt_06ghq1m2dpuh5c9s2rcmo3g8d4", ...}'
)
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-Sent Events, without an end.",
        "content": {"text/event-stream": {"example": _EXAMPLE.decode()}},
    }
}
_HEADERS: Final = {"X-Accel-Buffering": "no"}  # nginx would keep events back until it has many


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


async def _get_streams(request: Request) -> Streams:
    found = request.app.state.streams
    assert isinstance(found, Streams)
    return found


StreamsDep = Annotated[Streams, Depends(_get_streams)]


async def _open_stream(
    streams: StreamsDep,
    caller: CallerDep,
    filters: Annotated[StreamFilters, Query()],
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            le=2**63 - 1,
            description="The last `id` that came: go on behind it. Stands over `after_sequence`.",
        ),
    ] = None,
) -> AsyncIterator[Stream]:
    """Keep a place until the answer has ended, however it ends."""
    with streams.place(caller, filters.event_types) as stream:
        after = filters.after_sequence if last_event_id is None else last_event_id
        await streams.put_behind(stream, after)
        yield stream


@router.get("/stream", response_class=EventStream, responses=_DOCUMENTED)
async def stream_events(
    recheck: RecheckDep,
    streams: StreamsDep,
    stream: Annotated[Stream, Depends(_open_stream)],
) -> EventStream:
    """Follow events as they happen, as Server-Sent Events in the order of their sequence.

    `id` is the sequence number, `event` the event type, `data` the bytes that webhooks carry. A
    message without `data` only says how far the stream is; a comment comes every 15 seconds. When
    the connection ends, come again with the last `id` in `Last-Event-ID`: no event is missed, none
    comes twice. Without it, and without `after_sequence`, the stream begins with the next event.
    A key may keep 5 streams open.
    """

    async def is_welcome() -> bool:
        caller = await recheck()
        return caller is not None and caller.may("events:read")

    return EventStream(streams.messages(stream, is_welcome), headers=_HEADERS)


@router.post("/trigger", status_code=202)
async def trigger_event(scope: ScopeDep, request: TriggerRequest) -> TriggerAnswer:
    """Make an event of any type happen, for trying things out: its `data` is the type's example.

    Its body holds `"test": true`. It has its place in the sequence and goes to the stream and to
    every endpoint that wants its type, as any other.
    """
    return await triggering.trigger(scope, request.event_type)
