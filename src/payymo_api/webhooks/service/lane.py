"""A lane in the hands of a worker: what it has read of it, what is under way, what goes next."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from payymo_api.core.types import DeliveryId, EventId
from payymo_api.webhooks.repository.lanes import Key
from payymo_api.webhooks.rules.pacing import Pace, Window
from payymo_api.webhooks.service.opening import Destination

LEASE = timedelta(seconds=20)
_LINGER_SECONDS = 2.0
_READ_AHEAD, _READ_AHEAD_OF_FAILING = 30, 4  # deliveries for each post at once
_READ_AHEAD_SECONDS = 5.0  # of an endpoint that has a limit of its own
_START = (datetime(2000, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery as it is sent. `attempt` counts from 1 since it was last asked for.

    `occurred_at`: when the event happened; None of one that was asked for again.
    """

    id: DeliveryId
    event_id: EventId
    ordering_key: str | None
    attempt: int
    attempts_before: int
    occurred_at: datetime | None
    body: bytes = field(repr=False)


class Lane:
    """What is read goes out in the order of `add`; of one ordering key, one at a time.

    A parcel is `known` from when it is read until what came of it is settled, so that it is not
    read twice. One that failed keeps its key closed until then: what follows it is read anew when
    its turn has come.
    """

    def __init__(
        self,
        key: Key,
        to: Destination,
        *,
        holder: int,
        changed_at: datetime,
        failing_since: datetime | None,
        taken_at: float,
    ) -> None:
        self.key = key
        self.holder = holder
        self.changed_at = changed_at
        self.to = to
        self.failing_since = failing_since
        self.taken_at = self.busy_at = taken_at
        self.expires_at = taken_at + LEASE.total_seconds()
        self.window = Window(to.max_concurrency, is_failing=failing_since is not None)
        self.pace = Pace(to.rate_limit)
        self.known: set[DeliveryId] = set()
        self.under_way = 0
        self.is_closing = False
        self.is_hungry = True
        self.is_timed = False
        self.read_at = taken_at
        self.after = _START
        self._ready: deque[Parcel] = deque()
        self._chains: dict[str, deque[Parcel]] = {}

    @property
    def has_room(self) -> bool:
        return bool(self._ready) and self.under_way < self.window.size

    @property
    def most(self) -> int:
        """How many to have at hand: memory is shared, and what fails soon needs little of it."""
        ahead = _READ_AHEAD_OF_FAILING if self.window.is_failing else _READ_AHEAD
        return min(self.window.size * ahead, self.pace.within(_READ_AHEAD_SECONDS))

    @property
    def is_low(self) -> bool:
        return self.is_hungry and not self.is_closing and len(self.known) <= self.most // 2

    def is_done(self, now: float) -> bool:
        """Nothing of it is in our hands, and it is to be let go or was idle for long enough."""
        is_idle = not self.is_hungry and now - self.busy_at >= _LINGER_SECONDS
        return not self.known and not self.under_way and (self.is_closing or is_idle)

    def room(self, share: int) -> int:
        """Return how many to read; from the start on, those that are known come once more.

        A lane that has nothing at hand gets what it can post at once, whatever memory is left.
        """
        least = self.window.size if not self.known else 0
        return min(max(share, least), self.most - len(self.known)) + len(self.known)

    def read(self, rows: Sequence[Mapping[str, Any]], room: int) -> None:
        """Take what was read: as much as there was `room` for, and more may be there."""
        loose = sorted((row for row in rows if row["ordering_key"] is None), key=_place)
        ordered = sorted((row for row in rows if row["ordering_key"] is not None), key=_turn)
        self.after = _place(loose[-1]) if len(loose) >= room else _START
        if max(len(loose), len(ordered)) >= room:
            self.is_hungry = True
        for row in (*loose, *ordered):
            self._add(row)

    def _add(self, row: Mapping[str, Any]) -> None:
        if self.is_closing or row["id"] in self.known:
            return
        parcel = Parcel(
            row["id"],
            row["event_id"],
            row["ordering_key"],
            row["attempt_count"] - row["attempts_before"] + 1,
            row["attempts_before"],
            row["occurred_at"],
            row["body"],
        )
        self.known.add(parcel.id)
        key = parcel.ordering_key
        if key is None:
            self._ready.append(parcel)
        elif key in self._chains:
            self._chains[key].append(parcel)
        else:
            self._chains[key] = deque()
            self._ready.append(parcel)

    def take(self) -> Parcel:
        self.under_way += 1
        return self._ready.popleft()

    def answered(self, parcel: Parcel, *, is_over: bool, now: float) -> None:
        """Note that a post has ended; `is_over`: the delivery too, so the next of its key goes."""
        self.under_way -= 1
        self.busy_at = now
        key = parcel.ordering_key
        if key is None or not is_over or self.is_closing:
            return
        if following := self._chains[key]:
            self._ready.append(following.popleft())
        else:
            del self._chains[key]

    def settled(self, parcel: Parcel, *, is_over: bool) -> None:
        self.known.discard(parcel.id)
        if parcel.ordering_key is not None and not is_over:
            for each in self._chains.pop(parcel.ordering_key, ()):
                self.known.discard(each.id)
            self.is_hungry = True

    def trim(self) -> None:
        """Forget what is more than is of use now; it is read again in time."""
        while len(self._ready) > self.most and self._ready[-1].ordering_key is None:
            self.known.discard(self._ready.pop().id)
            self.after, self.is_hungry = _START, True

    def close(self) -> None:
        """Forget what has not begun; nothing new begins."""
        self.is_closing = True
        for parcel in chain(self._ready, *self._chains.values()):
            self.known.discard(parcel.id)
        self._ready.clear()
        self._chains.clear()


def _turn(row: Mapping[str, Any]) -> tuple[int, UUID]:
    return row["sequence"], row["id"]


def _place(row: Mapping[str, Any]) -> tuple[datetime, UUID]:
    return row["next_attempt_at"], row["id"]
