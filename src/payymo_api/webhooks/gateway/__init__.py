"""What we need to deliver an event: one POST to an address of the customer's choosing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """The endpoint answered, with any status. `body_excerpt`: 16 KiB at most, as received."""

    status: int
    headers: Mapping[str, str]
    body_excerpt: bytes = field(repr=False)
    elapsed_ms: int


class Failure(StrEnum):
    """Why there is no answer; stored with the attempt and shown to the endpoint's owner."""

    REFUSED_ADDRESS = "refused_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    NO_ANSWER = "no_answer"


class DeliveryFailed(Exception):
    """No answer came. `detail` is fit for the endpoint's owner: it names no address of ours."""

    def __init__(self, kind: Failure, detail: str, elapsed_ms: int) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.elapsed_ms = elapsed_ms


class Sender(Protocol):
    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send the bytes as they are, once; DeliveryFailed if no status came back."""
        ...
