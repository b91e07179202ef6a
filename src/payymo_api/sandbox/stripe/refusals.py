"""Errors as Stripe words them on the wire: type, code, parameter, and what goes with them."""

from typing import Any

Wire = dict[str, Any]

_DOCS = "https://stripe.com/docs/error-codes/"


class Refusal(Exception):
    """A request is refused; `details` are further fields of the error object.

    `began`: the work had begun, so that the answer is what the idempotency key gives from now on.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        began: bool = True,
        **details: Any,  # noqa: ANN401  any JSON
    ) -> None:
        super().__init__(message)
        self.status = status
        self.began = began
        self.body = envelope(type, message, **details)


def envelope(type: str, message: str, **details: Any) -> Wire:  # noqa: ANN401  any JSON
    error = {"type": type, "message": message}
    error |= {name: value for name, value in details.items() if value is not None}
    if code := details.get("code"):
        error["doc_url"] = _DOCS + str(code).replace("_", "-")
    return {"error": error}


def _fault(status: int, type: str, message: str, code: str | None = None) -> Wire:
    return {"status": status, "body": envelope(type, message, code=code)}


FAULTS: dict[str, Wire] = {
    "rate_limit": _fault(
        429, "invalid_request_error", "Too many requests at once.", code="rate_limit"
    ),
    "lock_timeout": _fault(
        429, "invalid_request_error", "Another request holds the object.", code="lock_timeout"
    ),
    "idempotency_key_in_use": _fault(
        409,
        "idempotency_error",
        "Another request with this Idempotency-Key is still running.",
        code="idempotency_key_in_use",
    ),
    "api_key_expired": _fault(
        401, "invalid_request_error", "The key has expired.", code="api_key_expired"
    ),
    "api_error": _fault(500, "api_error", "Something failed on our side."),
    "stripe_unavailable": _fault(503, "api_error", "The API is briefly unavailable."),
}
"""Faults that a tester asks for by name: status and body."""


def parameter(name: str, message: str, code: str | None = None) -> Refusal:
    """The request itself is wrong: nothing has begun."""
    return Refusal(message, code=code, param=name, began=False)


def missing(name: str) -> Refusal:
    return parameter(name, f"Missing required param: {name}.", "parameter_missing")


def no_such(kind: str, id: str, param: str = "id", status: int = 404) -> Refusal:
    """In a path 404, in a parameter 400."""
    return Refusal(
        f"No such {kind}: '{id}'", status=status, code="resource_missing", param=param, began=False
    )


def wrong_state(code: str | None, message: str, **details: Any) -> Refusal:  # noqa: ANN401  JSON
    """The object is in no state for this."""
    return Refusal(message, code=code, **details)


def unauthorized(message: str) -> Refusal:
    return Refusal(message, status=401, began=False)


def forbidden(message: str, code: str | None = None) -> Refusal:
    return Refusal(message, status=403, code=code, began=False)
