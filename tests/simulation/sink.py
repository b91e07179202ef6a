"""The receivers of the tenant's webhooks: they accept, refuse, go silent, and remember."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from payymo_api.webhooks.gateway import Answer, DeliveryFailed, Failure
from tests.simulation.faults import Faults
from tests.simulation.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Receipt:
    """An event that arrived, whatever the sender was told."""

    url: str
    id: str
    body: bytes
    at: datetime


@dataclass
class Sink:
    """Speaks `Sender`. `unwanted`: what went where, as its owner had been told, no more goes."""

    timeline: Timeline
    faults: Faults
    is_expected: Callable[[str], bool]
    receipts: list[Receipt] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if not self.is_expected(url):
            self.unwanted.append(url)
        self.faults.may_kill()
        await self.timeline.wait(self.faults.delay(0.3))
        chance = self.faults.chance
        if not self.faults.happens(self.faults.sink):
            self._accept(url, headers, body)
            return Answer(200, {}, b"ok", 5)
        fate = chance.choice(["refused", "accepted", "busy", "broken", "broken", "gone"])
        if fate == "accepted":
            self._accept(url, headers, body)
        if fate in {"accepted", "refused"}:
            raise DeliveryFailed(Failure.TIMEOUT, "It did not answer in time.", 10_000)
        if fate == "gone" and chance.random() < 0.1:
            return Answer(410, {}, b"gone", 5)
        if fate == "busy":
            return Answer(429, {"retry-after": "120"}, b"later", 5)
        return Answer(500, {}, b"broken", 5)

    def _accept(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Accepted is accepted, even if the answer gets lost with the one who waits for it."""
        self.receipts.append(Receipt(url, headers["webhook-id"], body, self.timeline.now))
        self.timeline.note(f"sink accepts {headers['webhook-id']}")
        self.faults.may_kill()
