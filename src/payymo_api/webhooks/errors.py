"""Refusals of webhooks: endpoints that we will not send to, events that have nothing to send."""

from payymo_api.core.errors import Conflict, RateLimited, ValidationFailed


class EndpointUrlRefused(ValidationFailed):
    code = "endpoint_url_refused"
    title = "Events can't be sent to this URL"
    resolution = "Give a public https URL on port 443, or on 1024 and above, without credentials."


class TooManyStreams(RateLimited):
    code = "too_many_streams"
    title = "This key has too many event streams open"
    resolution = "Close a stream first; one of them may feed several of your programs."


class TooManyChanges(RateLimited):
    code = "too_many_changes"
    title = "Several changes of your endpoints are still under way"
    resolution = "Ask again after Retry-After: a change waits for posts that are under way."


class EndpointDisabled(Conflict):
    code = "endpoint_disabled"
    title = "This webhook endpoint is disabled or removed"
    resolution = "Enable it (PUT with enabled: true), then ask again."


class ChallengeFailed(Conflict):
    code = "challenge_failed"
    title = "The endpoint did not send the challenge back"
    resolution = (
        "Let it answer a webhook_endpoint.challenge with 200 and the challenge, then ask again."
    )


class EventErased(Conflict):
    code = "event_erased"
    title = "The data of this event was erased"
    resolution = (
        "Nothing can be sent of it any more; read the objects themselves, if they are left."
    )
