"""One post: what is sent, what came of it, and what follows from that for the delivery."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from payymo_api.core import log
from payymo_api.core.clock import now
from payymo_api.core.types import public_id
from payymo_api.webhooks.gateway import DeliveryFailed, Sender
from payymo_api.webhooks.rules import retries
from payymo_api.webhooks.rules.retries import Control, Outcome
from payymo_api.webhooks.service.lane import Lane, Parcel
from payymo_api.webhooks.service.opening import Destination

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending: an answer's status, or an error's kind and a sentence on it."""

    started_at: datetime
    milliseconds: int
    status_code: int | None = None
    error: str | None = None
    detail: str | None = None
    answer: str | None = None
    retry_after: str | None = None
    control: Control | None = None

    @property
    def outcome(self) -> Outcome:
        return Outcome.FAILED if self.status_code is None else retries.outcome(self.status_code)

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(milliseconds=self.milliseconds)

    @property
    def disables(self) -> str | None:
        """Why nothing more is to be sent to the endpoint: `gone` or `receiver`."""
        if self.outcome is Outcome.GONE:
            return "gone"
        return "receiver" if self.control is Control.DISABLE else None


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt, and what its delivery is with it: `next_attempt_at` is None when it is over."""

    lane: Lane
    parcel: Parcel
    attempt: Attempt
    status: str
    next_attempt_at: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status != "pending"


async def send(sender: Sender, to: Destination, parcel: Parcel) -> Attempt:
    """Sign and send, once. No transaction may be open: the endpoint takes its time."""
    started = now()
    try:
        headers = to.signed(public_id("evt", parcel.event_id), parcel.body, started)
        answer = await sender.post(to.url, headers, parcel.body)
    except DeliveryFailed as failure:
        return Attempt(started, failure.elapsed_ms, error=failure.kind.value, detail=failure.detail)
    except Exception:  # noqa: BLE001  one that can not be sent must not hold up the others
        _log.exception("webhook_crashed", id=public_id("evt", parcel.event_id))
        return Attempt(started, 0, error="internal_error", detail="We could not send it.")
    return Attempt(
        started,
        answer.elapsed_ms,
        status_code=answer.status,
        answer=to.redacted(_readable(answer.body_excerpt)),
        retry_after=answer.headers.get("retry-after"),
        control=retries.control(answer.headers.get("webhook-delivery")),
    )


def result(lane: Lane, parcel: Parcel, attempt: Attempt) -> Result:
    """Say what follows. What a disabled endpoint did not take stays pending: it is held."""
    if attempt.outcome is Outcome.DELIVERED:
        return Result(lane, parcel, attempt, "delivered", None)
    at = None
    if attempt.control is not Control.ABORT:
        at = retries.next_attempt(
            parcel.attempt,
            attempt.ended_at,
            attempt.retry_after,
            random.random(),  # noqa: S311  jitter
            lane.to.retry_schedule,
        )
    return Result(lane, parcel, attempt, "pending" if at else "failed", at)


def _readable(excerpt: bytes) -> str:
    """Return the answer's beginning as text that is safe to store and to show."""
    if not excerpt:
        return ""
    text = excerpt.decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(each if _is_shown(each) else "\ufffd" for each in text)
    return log.without_secrets(text)


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in "\n\t"
