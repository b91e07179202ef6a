"""The mailbox of the acceptance notices what must not happen."""

from collections.abc import Callable

import orjson
import pytest

from payymo_api.core.clock import now
from payymo_api.webhooks.rules import signing
from tests.fault.mailbox import Mailbox, Ordering

_SECRET = signing.new_secret()


def _come(
    box: Mailbox, number: int, *, about: str = "tr_1", status: int = 204, changed: bool = False
) -> None:
    id = f"evt_{number}"
    event = {"id": id, "sequence": number, "data": {"transaction_id": about}}
    body = orjson.dumps(event | {"changed": True} if changed else event)
    headers = signing.headers([_SECRET], id, body, now())
    box.take({name.lower(): value for name, value in headers.items()}, body, status)


def _box(ordering: Ordering) -> Mailbox:
    box = Mailbox(ordering, {})
    box.trust(signing.secret_text(_SECRET))
    return box


def _too_late(box: Mailbox) -> None:
    box.closed = True
    _come(box, 1)


def _other_bytes(box: Mailbox) -> None:
    _come(box, 1)
    _come(box, 1, changed=True)


def _unsigned(box: Mailbox) -> None:
    box.trust(signing.secret_text(signing.new_secret()))
    _come(box, 1)


def _older_later(box: Mailbox) -> None:
    _come(box, 2)
    _come(box, 1)


def _past_a_refused_one(box: Mailbox) -> None:
    _come(box, 1, status=500)
    _come(box, 2)


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (_too_late, "arrived while closed"),
        (_other_bytes, "came with other bytes"),
        (_unsigned, "signature is wrong"),
        (_older_later, "out of order"),
        (_past_a_refused_one, "before its turn"),
    ],
)
def test_notices_a_fault(act: Callable[[Mailbox], None], fault: str) -> None:
    box = _box("endpoint")
    act(box)
    assert box.faults == {fault: 1}


def test_an_event_may_come_again_and_again() -> None:
    box = _box("endpoint")
    for number in (1, 1, 2, 1, 3):
        _come(box, number)
    assert not box.faults
    assert box.accepted == {"evt_1", "evt_2", "evt_3"}


def test_objects_are_in_order_each_for_itself() -> None:
    box = _box("object")
    _come(box, 2, about="tr_2", status=500)
    _come(box, 1, about="tr_1")
    assert not box.faults


def test_what_came_before_the_secret_was_known_is_proved_then() -> None:
    box = Mailbox(None, {})
    _come(box, 1)
    assert not box.faults
    box.trust(signing.secret_text(signing.new_secret()))
    assert box.faults == {"signature is wrong": 1}
