"""Errors that a caller can act on; `core.problems` renders them as problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the request: a JSON pointer (RFC 6901), a code, a sentence."""

    pointer: str
    code: str
    detail: str


class PayymoError(Exception):
    """Status, code, title and cure stand on the class and make the page `/errors/{code}`.

    `retryable`: the same call may succeed later without anyone doing anything. `members`: what the
    problem tells beyond the fields that all have (RFC 9457, section 3.2).
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong on our side"
    resolution: ClassVar[str] = "Try again; if it stays, send us the request_id."
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after = retry_after

    @property
    def members(self) -> Mapping[str, object]:
        return {}


class MalformedRequest(PayymoError):
    status = 400
    code = "malformed_request"
    title = "The request can't be read"
    resolution = "Send valid JSON in UTF-8, or the form that the operation documents."


class Unauthenticated(PayymoError):
    status = 401
    code = "unauthenticated"
    title = "Who is calling?"
    resolution = "Send a valid API key in X-API-Key."


class Forbidden(PayymoError):
    status = 403
    code = "insufficient_scope"
    title = "The key may not do this"
    resolution = "Use a key that has the scope named in detail."


class NotFound(PayymoError):
    status = 404
    code = "not_found"
    title = "There is no such thing here"
    resolution = "Check the id and the path."


class MethodNotAllowed(PayymoError):
    status = 405
    code = "method_not_allowed"
    title = "This resource does not know that method"
    resolution = "Use a method that the Allow header names."


class Conflict(PayymoError):
    """Base of refusals by state; features name their own."""

    status = 409
    code = "conflict"
    title = "The current state does not allow this"
    resolution = "Read the resource again and decide anew."


class PreconditionFailed(PayymoError):
    status = 412
    code = "precondition_failed"
    title = "The resource has changed since you read it"
    resolution = "Read it again, and send its new ETag in If-Match."


class BodyTooLarge(PayymoError):
    status = 413
    code = "body_too_large"
    title = "The body is too large"
    resolution = "Send at most what detail names; split batches."


class UnsupportedMediaType(PayymoError):
    status = 415
    code = "unsupported_media_type"
    title = "The body's media type is not accepted here"
    resolution = "Send application/json, or what the operation documents."


class ValidationFailed(PayymoError):
    status = 422
    code = "validation_failed"
    title = "The request breaks a rule"
    resolution = "Each entry of errors names a field and what is wrong with it."

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> Self:
        """One field is wrong."""
        return cls(detail, errors=[FieldError(pointer, code, detail)])


class RateLimited(PayymoError):
    status = 429
    code = "rate_limited"
    title = "Too many requests"
    resolution = "Wait for the seconds of Retry-After; premium plans have higher limits."
    retryable = True


class Overloaded(PayymoError):
    status = 503
    code = "overloaded"
    title = "We are busy"
    resolution = "Try again after the seconds of Retry-After."
    retryable = True


class ProviderError(PayymoError):
    """A bank-data or payment provider failed; nothing of ours changed."""

    status = 502
    code = "provider_error"
    title = "The provider answered with an error"
    resolution = "Try again later; detail names the provider and what it said."


class ProviderUnavailable(ProviderError):
    status = 503
    code = "provider_unavailable"
    title = "The provider can't be reached or is down"
    retryable = True


class ProviderTimeout(ProviderError):
    status = 504
    code = "provider_timeout"
    title = "The provider did not answer in time"
    retryable = True
