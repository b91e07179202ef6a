"""Refusals of webhooks: endpoints that we will not send to, events that have nothing to send."""

from payymo_api.core.errors import Conflict, ValidationFailed


class EndpointUrlRefused(ValidationFailed):
    code = "endpoint_url_refused"
    title = "Events can't be sent to this URL"
    resolution = "Give a public https URL on port 443, or on 1024 and above, without credentials."


class EndpointDisabled(Conflict):
    code = "endpoint_disabled"
    title = "This webhook endpoint is disabled or removed"
    resolution = "Enable it (PUT with enabled: true), then ask again."


class EventErased(Conflict):
    code = "event_erased"
    title = "The data of this event was erased"
    resolution = (
        "Nothing can be sent of it any more; read the objects themselves, if they are left."
    )
