"""A lane in a worker's hands, beside a model of its rows: each goes once, and in its order."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from payymo_api.core.types import DeliveryId, EndpointId, EventId, TenantId
from payymo_api.webhooks.service.lane import Lane, Parcel
from payymo_api.webhooks.service.opening import Destination

START = datetime(2026, 3, 2, tzinfo=UTC)
RETRY = timedelta(minutes=1)
KEYS = st.sampled_from([None, None, "", "tr_1", "tr_2"])
TO = Destination(
    url="https://example.com/",
    rate_limit=None,
    max_concurrency=4,
    retry_schedule=(RETRY,),
    secrets=(),
    signing_keys=(),
    headers={},
)


@dataclass
class Row:
    """A delivery as PostgreSQL has it."""

    id: DeliveryId
    sequence: int
    key: str | None
    next_attempt_at: datetime
    is_over: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "event_id": EventId(self.id),
            "ordering_key": self.key,
            "attempt_count": 0,
            "attempts_before": 0,
            "next_attempt_at": self.next_attempt_at,
            "sequence": self.sequence,
            "occurred_at": START,
            "body": b"{}",
        }


def a_lane() -> Lane:
    key = (TenantId(UUID(int=1)), EndpointId(UUID(int=2)))
    return Lane(key, TO, holder=1, changed_at=START, failing_since=None, taken_at=0.0)


class Serving(RuleBasedStateMachine):
    """What a dispatcher does with one lane, in any order that it may."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = a_lane()
        self.now = START
        self.rows: dict[DeliveryId, Row] = {}
        self.in_hand: list[Parcel] = []
        self.answers: list[tuple[Parcel, bool]] = []
        self.over: set[DeliveryId] = set()

    @rule(key=KEYS, count=st.integers(1, 4))
    def arrive(self, key: str | None, count: int) -> None:
        for _ in range(count):
            number = len(self.rows) + 1
            id = DeliveryId(UUID(int=number))
            self.rows[id] = Row(id, number, key, self.now)
        self.lane.is_hungry = True  # as the dispatcher hears of it

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes: int) -> None:
        self.now += minutes * RETRY
        self.lane.is_hungry = True  # as it is every half second

    @precondition(lambda self: self.lane.is_low)
    @rule(share=st.integers(1, 5))
    def read(self, share: int) -> None:
        self.lane.is_hungry = False
        room = self.lane.room(share)
        self.lane.read(self._loose(room) + self._ordered(room), room)

    @precondition(lambda self: self.lane.has_room)
    @rule()
    def take(self) -> None:
        parcel = self.lane.take()
        assert not self.lane.is_closing, "nothing new begins"
        assert parcel.id not in {each.id for each in self.in_hand}, "twice in hand"
        assert parcel.id not in self.over, "sent although it is over"
        assert self.rows[parcel.id].next_attempt_at <= self.now, "sent before it is due"
        if parcel.ordering_key is not None:
            before = [each.id for each in self._of_key(parcel) if each.id.int < parcel.id.int]
            assert self.over >= set(before), "sent before what stands before it"
        self.in_hand.append(parcel)

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data(), fate=st.sampled_from(["delivered", "delivered", "retry", "failed"]))
    def answer(self, data: st.DataObject, fate: str) -> None:
        parcel = self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))
        self._answer(parcel, fate)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        self._settle(data.draw(st.integers(1, len(self.answers))))

    @precondition(lambda self: len(self.rows) > 5)
    @rule()
    def close(self) -> None:
        """What has not begun is forgotten: a lane that is taken anew reads it."""
        self.lane.close()
        assert self.lane.known == {each.id for each in self.in_hand} | self._unsettled

    @precondition(lambda self: self.lane.is_closing and not self.in_hand and not self.answers)
    @rule()
    def take_anew(self) -> None:
        assert self.lane.is_done(0.0)
        self.lane = a_lane()

    @invariant()
    def keeps_within_its_window(self) -> None:
        assert self.lane.under_way == len(self.in_hand) <= TO.max_concurrency

    @invariant()
    def is_done_only_with_empty_hands(self) -> None:
        if self.in_hand or self.answers:
            assert not self.lane.is_done(1e9)

    @override
    def teardown(self) -> None:
        """In the end all goes well, and everything has gone."""
        while self.in_hand:
            self._answer(self.in_hand.pop(), "delivered")
        self._settle(len(self.answers))
        if self.lane.is_closing:
            self.take_anew()
        for _ in range(2 * len(self.rows) + 2):
            self.wait(2)
            self.read(3)
            while self.lane.has_room:
                self.take()
                self._answer(self.in_hand.pop(), "delivered")
            self._settle(len(self.answers))
        assert self.over == set(self.rows)
        self.lane.is_hungry = False
        assert self.lane.is_done(1e9)

    @property
    def _unsettled(self) -> set[DeliveryId]:
        return {parcel.id for parcel, _ in self.answers}

    def _answer(self, parcel: Parcel, fate: str) -> None:
        is_over = fate != "retry"
        if is_over:
            self.over.add(parcel.id)
        if fate == "delivered":
            self.lane.window.delivered()
        else:
            self.lane.window.failed(answered=False)
            self.lane.trim()
        self.lane.answered(parcel, is_over=is_over, now=0.0)
        self.answers.append((parcel, is_over))

    def _settle(self, count: int) -> None:
        for parcel, is_over in self.answers[:count]:
            row = self.rows[parcel.id]
            row.is_over, row.next_attempt_at = is_over, self.now + RETRY
            self.lane.settled(parcel, is_over=is_over)
        del self.answers[:count]

    def _loose(self, room: int) -> list[dict[str, Any]]:
        """As `repository.sent.due` finds them."""
        found = sorted(
            ((row.next_attempt_at, row.id), row)
            for row in self.rows.values()
            if row.key is None and not row.is_over and row.next_attempt_at <= self.now
        )
        return [row.columns for place, row in found if place > self.lane.after][:room]

    def _ordered(self, room: int) -> list[dict[str, Any]]:
        is_clear: dict[str, bool] = defaultdict(lambda: True)
        found = []
        for row in self.rows.values():
            if row.key is not None and not row.is_over:
                is_clear[row.key] &= row.next_attempt_at <= self.now
                if is_clear[row.key]:
                    found.append(row.columns)
        return found[:room]

    def _of_key(self, parcel: Parcel) -> list[Row]:
        return [row for row in self.rows.values() if row.key == parcel.ordering_key]


Serving.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestServing = Serving.TestCase


def test_it_is_idle_only_after_a_while() -> None:
    lane = a_lane()
    lane.is_hungry = False

    assert [lane.is_done(at) for at in (0.0, 1.9, 2.0)] == [False, False, True]
    lane.is_hungry = True
    assert not lane.is_done(100.0)


def test_it_keeps_no_more_at_hand_than_is_of_use() -> None:
    lane = a_lane()
    rows = [Row(DeliveryId(UUID(int=number)), number, None, START).columns for number in range(99)]

    assert lane.room(1000) == lane.most == 60
    lane.read(rows[:60], 60)
    assert (len(lane.known), lane.is_low, lane.is_hungry) == (60, False, True)
    assert lane.after == (START, rows[59]["id"])

    lane.window.failed(answered=False)
    lane.trim()

    assert len(lane.known) == lane.most == 4
    assert lane.after < (START, rows[0]["id"])  # what was forgotten is read from the start
