"""From an HTTP request to a call of a handler, and back: key, account, parameters, idempotency."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.sandbox.stripe.expansion import expanded
from payymo_api.sandbox.stripe.form import Parameters, decoded
from payymo_api.sandbox.stripe.merchant import API_VERSION, Cause, Merchant
from payymo_api.sandbox.stripe.platform import PLATFORM, Answer, Key, Platform
from payymo_api.sandbox.stripe.refusals import (
    Refusal,
    Wire,
    envelope,
    forbidden,
    parameter,
    unauthorized,
)

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, stripe-account",
}
"""Pages call from any origin, with a publishable key."""
_KEPT_SECONDS = 86_400
_LONGEST_KEY = 255
_PUBLIC = {
    ("GET", "/v1/payment_intents/{id}"),
    ("POST", "/v1/payment_intents/{id}/confirm"),
    ("POST", "/v1/payment_methods"),
}
"""What a publishable key may call; for a PaymentIntent with its client secret only."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the handlers see it; `url` is its path."""

    platform: Platform
    merchant: Merchant
    key: Key
    params: Parameters
    path: dict[str, str]
    url: str
    request_id: str

    @property
    def id(self) -> str:
        return self.path["id"]

    def asking(self, **values: str) -> "Call":
        """The same call with further parameters."""
        return replace(self, params=self.params.along_with(**values))

    @property
    def public(self) -> bool:
        return self.key.value.startswith("pk_")


Handler = Callable[[Call], Wire]
Endpoint = Callable[[Request], Awaitable[Response]]


def platform_of(request: Request) -> Platform:
    return cast("Platform", request.app.state.stripe)


def answered(handler: Handler, method: str, path: str) -> Endpoint:
    """Make the HTTP endpoint of a handler."""
    resource = path.split("/")[2]

    async def endpoint(request: Request) -> Response:
        body = (await request.body()).decode()
        platform = platform_of(request)
        platform.bring_forward()
        headers = _headers(request, platform)
        try:
            key = authenticate(request, platform)
            _check_permission(key, resource, method, path)
            call = _call(request, key, body, headers["Request-Id"])
            status, told = _once(request, call, handler, body, headers)
        except Refusal as refusal:
            status, told = refusal.status, refusal.body
        if "error" in told:
            address = f"https://dashboard.stripe.com/logs/{headers['Request-Id']}"
            told = {"error": told["error"] | {"request_log_url": address}}
        return JSONResponse(told, status, headers=headers)

    return endpoint


def _call(request: Request, key: Key, body: str, request_id: str) -> Call:
    merchant = acting_as(request, platform_of(request), key)
    merchant.base_url = str(request.base_url)
    return Call(
        platform_of(request),
        merchant,
        key,
        Parameters(_values(request, body)),
        dict(request.path_params),
        request.url.path,
        request_id,
    )


def _headers(request: Request, platform: Platform) -> dict[str, str]:
    headers = {
        "Request-Id": f"req_{platform.chance.randbytes(7).hex()}",
        "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
    } | _CORS
    for name in ("Idempotency-Key", "Stripe-Account"):
        if given := request.headers.get(name):
            headers[name] = given
    return headers


def authenticate(request: Request, platform: Platform) -> Key:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = base64.b64decode(credentials).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            credentials = ""
    if not credentials:
        raise unauthorized("You did not provide an API key.")
    key = platform.keys.get(credentials)
    if key is None:
        raise unauthorized(f"Invalid API Key provided: {credentials[:8]}****{credentials[-4:]}")
    return key


def _check_permission(key: Key, resource: str, method: str, path: str) -> None:
    if key.value.startswith("pk_") and (method, path) not in _PUBLIC:
        raise unauthorized("This API call cannot be made with a publishable API key.")
    if key.permissions is None:
        return
    wanted = "read" if method == "GET" else "write"
    granted = key.permissions.get(resource, "none")
    if granted not in {wanted, "write"}:
        right = f"rak_{resource.removesuffix('s')}_{wanted}"
        raise forbidden(f"The provided key {key.value[:12]}… needs the permission {right}.")


def acting_as(request: Request, platform: Platform, key: Key) -> Merchant:
    """The key's account, or the connected one that `Stripe-Account` names."""
    account = request.headers.get("stripe-account", key.account)
    connection = platform.connections.get(account) if key.account == PLATFORM else None
    granted = connection is not None and (connection.livemode or not key.livemode)
    if account != key.account and not granted:
        raise forbidden(
            f"The key {key.value[:12]}… may not act for '{account}', if there is such an account.",
            "account_invalid",
        )
    return platform.merchant(account, livemode=key.livemode)


def _values(request: Request, body: str) -> Wire:
    version = request.headers.get("stripe-version", API_VERSION)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(\.\w+)?", version):
        raise Refusal(f"Invalid Stripe API version: {version}", began=False)
    if body and "json" in request.headers.get("content-type", ""):
        raise Refusal("The body must be form-encoded.", began=False)
    text = request.url.query if request.method in {"GET", "DELETE"} and not body else body
    return decoded(parse_qsl(text, keep_blank_values=True))


def _once(
    request: Request, call: Call, handler: Handler, body: str, headers: dict[str, str]
) -> tuple[int, Wire]:
    """Run the handler, or give again what the same idempotency key gave before."""
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    if key is None:
        status, told, _ = _run(call, handler, None)
        return status, told
    if len(key) > _LONGEST_KEY:
        raise parameter("idempotency_key", f"Keys have at most {_LONGEST_KEY} characters.")
    answers, now = call.platform.answers, int(call.platform.clock.now().timestamp())
    place = (call.merchant.account, call.merchant.livemode, key)
    fingerprint = hashlib.sha256(f"{request.method} {call.url} {body}".encode()).hexdigest()
    known = answers.get(place)
    if known and known.at > now - _KEPT_SECONDS:
        _check_same(known, fingerprint, key)
        headers |= {"Idempotent-Replayed": "true", "Original-Request": known.request_id}
        return known.status, known.body
    status, told, began = _run(call, handler, key)
    if began:
        kept = cast("Wire", json.loads(json.dumps(told)))
        answers[place] = Answer(fingerprint, call.request_id, status, kept, now)
        headers["Original-Request"] = call.request_id
    return status, told


def _check_same(known: Answer, fingerprint: str, key: str) -> None:
    if known.fingerprint != fingerprint:
        raise Refusal(
            f"Keys for idempotent requests go with the same parameters only: '{key}' was used "
            f"with others before, in {known.request_id}.",
            type="idempotency_error",
            began=False,
        )


def _run(call: Call, handler: Handler, key: str | None) -> tuple[int, Wire, bool]:
    """Return status, body, and whether the work had begun."""
    with call.merchant.caused_by(Cause(call.request_id, key)):
        try:
            told = handler(call)
            return 200, expanded(call.merchant, told, call.params.texts("expand")), True
        except Refusal as refusal:
            return refusal.status, refusal.body, refusal.began


async def elsewhere(request: Request) -> Response:
    """No such address; a browser that asks whether a page may call is told yes."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_CORS)
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    return JSONResponse(envelope("invalid_request_error", message), 404, headers=_CORS)


async def refused(_request: Request, error: Exception) -> Response:
    """Starlette's handler for a Refusal outside the API: a tester asked for it."""
    refusal = cast("Refusal", error)
    return JSONResponse(refusal.body, refusal.status)
