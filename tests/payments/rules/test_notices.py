"""Which of Stripe's objects an event tells of."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payymo_api.payments.rules.notices import (
    DEAUTHORIZED,
    Notice,
    Subject,
    read_notice,
    subject_text,
    subjects_of,
)

names = st.from_regex(r"[a-z_A-Z0-9]{1,20}", fullmatch=True)


def event(told_of: object, /, **fields: object) -> dict[str, Any]:
    told = {"id": "evt_1", "object": "event", "type": "any.thing", "livemode": False}
    return {**told, "data": {"object": told_of}, **fields}


@pytest.mark.parametrize(
    ("object", "subjects"),
    [
        ({"object": "payment_intent", "id": "pi_1"}, [("payment_intent", "pi_1")]),
        (
            {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"},
            [("payment_intent", "pi_1")],
        ),
        ({"object": "charge", "id": "ch_1", "payment_intent": None}, []),
        (
            {"object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"}},
            [("payment_intent", "pi_1"), ("refund", "re_1")],
        ),
        ({"object": "refund", "id": "re_1", "payment_intent": None}, [("refund", "re_1")]),
        (
            {"object": "dispute", "id": "du_1", "payment_intent": "pi_1"},
            [("payment_intent", "pi_1"), ("dispute", "du_1")],
        ),
        ({"object": "invoice_payment", "id": "inpay_1", "invoice": "in_1"}, [("invoice", "in_1")]),
        ({"object": "subscription", "id": "sub_1"}, [("subscription", "sub_1")]),
        ({"object": "product", "id": "prod_1"}, [("product", "prod_1")]),
        ({"object": "balance"}, []),
        ({"object": "invoice", "id": None}, []),
        ({"object": "invoice", "id": "i" * 256}, []),
        ({"object": "customer", "id": "two words"}, []),
        ({"object": "customer", "id": "nul\0"}, []),
        ("nothing", []),
    ],
)
def test_names_the_objects_to_ask_for(object: object, subjects: list[Subject]) -> None:
    assert read_notice(event(object)) == Notice("evt_1", "any.thing", False, None, (*subjects,))  # noqa: FBT003  a record, written in one line


def test_knows_whose_it_is() -> None:
    notice = read_notice(event({}, account="acct_1", livemode=True))
    assert notice == Notice("evt_1", "any.thing", True, "acct_1", ())  # noqa: FBT003  a record, written in one line


def test_a_connection_that_was_ended_is_about_the_account() -> None:
    ended = event({"object": "application", "id": "ca_1"}, type=DEAUTHORIZED, account="acct_1")
    notice = read_notice(ended)
    assert notice
    assert notice.subjects == (("account", "acct_1"),)


@given(st.lists(st.tuples(names, names), max_size=3))
def test_subjects_are_kept_as_text(subjects: list[Subject]) -> None:
    assert subjects_of(subject_text(subjects)) == subjects


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "evt_1",
        {},
        event({}, object="v2.core.event"),
        event({}, id=7),
        event({}, livemode="yes"),
        event({}, type="t" * 256),
    ],
)
def test_what_is_no_event(body: object) -> None:
    assert read_notice(body) is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_reads_any_json_as_an_events_data(data: object) -> None:
    notice = read_notice(event(data))
    assert notice is not None
    assert len(notice.subjects) <= 2
