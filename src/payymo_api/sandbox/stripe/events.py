"""Events: what happened, newest first, for thirty days as far as the sandbox is concerned."""

from fnmatch import fnmatchcase

from payymo_api.sandbox.stripe.listing import PAGING, page
from payymo_api.sandbox.stripe.merchant import Event
from payymo_api.sandbox.stripe.refusals import Wire, no_such
from payymo_api.sandbox.stripe.request import Call

_KEPT_SECONDS = 30 * 86_400


def events(call: Call) -> Wire:
    """Filtered by `type` (`charge.*` goes) or by several `types`."""
    asked = call.params.only(f"{PAGING} type types delivery_success")
    patterns = [pattern for pattern in (asked.text("type"), *asked.texts("types")) if pattern]
    oldest = call.merchant.now() - _KEPT_SECONDS
    found = [
        {"id": event.id, "created": event.created}
        for event in reversed(call.merchant.events.values())
        if event.created >= oldest and _wanted(event, patterns)
    ]
    told = page(call, found)
    rows = [call.merchant.events[row["id"]].wire() for row in told["data"]]
    return told | {"data": rows}


def _wanted(event: Event, patterns: list[str]) -> bool:
    return not patterns or any(fnmatchcase(event.type, pattern) for pattern in patterns)


def retrieve(call: Call) -> Wire:
    call.params.only("")
    event = call.merchant.events.get(call.id)
    if event is None:
        raise no_such("event", call.id)
    return event.wire()
