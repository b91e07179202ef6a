"""Webhook endpoints, registered by API; the secret is shown once."""

from urllib.parse import urlsplit

from payymo_api.core import clock
from payymo_api.sandbox.stripe.courier import Secret
from payymo_api.sandbox.stripe.event_types import EVENT_TYPES
from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.listing import listing
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Wire, missing, parameter
from payymo_api.sandbox.stripe.request import Call


def create(call: Call) -> Wire:
    asked = call.params.only("url enabled_events connect api_version description metadata")
    merchant = call.merchant
    if not asked.texts("enabled_events"):
        raise missing("enabled_events")
    wire = merchant.keep(
        "webhook_endpoint",
        "we",
        api_version=asked.text("api_version"),
        application=None,
        description=asked.text("description"),
        enabled_events=_event_types(asked),
        metadata=asked.metadata(),
        status="enabled",
        url=_url(asked),
    )
    merchant.private["connect"][wire["id"]] = asked.flag("connect")
    return wire | {"secret": roll(merchant, wire, 0)}


def roll(merchant: Merchant, wire: Wire, keep_seconds: float) -> str:
    """Give it a new secret; the old ones sign too, for `keep_seconds`."""
    secret = f"whsec_{merchant.letters(32)}"
    until = clock.now().timestamp() + keep_seconds
    old = merchant.private["secrets"].get(wire["id"], [])
    ending = [Secret(each.value, min(until, each.until or until)) for each in old]
    merchant.private["secrets"][wire["id"]] = [Secret(secret), *ending]
    return secret


def _event_types(asked: Parameters) -> list[str]:
    types = asked.texts("enabled_events")
    for type in types:
        if type != "*" and type not in EVENT_TYPES:
            raise parameter("enabled_events", f"There is no event type {type}.")
    return types


def _url(asked: Parameters) -> str:
    url = asked.needed("url")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise parameter("url", f"Not a valid URL: {url}", "url_invalid")
    return url


def update(call: Call) -> Wire:
    asked = call.params.only("url enabled_events description disabled metadata")
    wire = call.merchant.get("webhook_endpoint", call.id)
    wire |= asked.texts_of("description")
    wire["metadata"] = asked.metadata(wire["metadata"])
    if "url" in asked:
        wire["url"] = _url(asked)
    if "enabled_events" in asked:
        wire["enabled_events"] = _event_types(asked)
    if "disabled" in asked:
        wire["status"] = "disabled" if asked.flag("disabled") else "enabled"
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    return call.merchant.get("webhook_endpoint", call.id)


def delete(call: Call) -> Wire:
    return call.merchant.forget(call.merchant.get("webhook_endpoint", call.id))


def webhook_endpoints(call: Call) -> Wire:
    return listing(call, "webhook_endpoint")
