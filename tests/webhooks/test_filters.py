"""Filters: by examples, by properties, and at the door."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.edge import exact
from payymo_api.messaging.models import OutboxEvent
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules.filters import Condition, fits, matches
from payymo_api.webhooks.service.wanting import is_wanted
from tests.webhooks.factories import ENDPOINTS, endpoint

URL = "https://example.com/payymo"
DATA = {
    "amount": Decimal("100.50"),
    "amount_minor": 10050,
    "currency": "GBP",
    "date": "2026-11-23",
    "matched": True,
    "reference": None,
    "counterparty": {"name": "Harbour Foods Ltd", "address": {"country": "GB"}},
    "documents": [{"document_id": "inv_1"}],
}
ORDERS = ("gt", "gte", "lt", "lte")
numbers = st.integers(-(10**20), 10**20) | st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
)
scalars = numbers | st.text(max_size=8) | st.booleans() | st.none()
names = st.sampled_from(["amount_minor", "currency", "a", "b"])
data = st.recursive(
    st.dictionaries(names, scalars, max_size=4),
    lambda inner: st.dictionaries(names, inner | scalars | st.lists(scalars), max_size=4),
)


def _holds(field: str, operator: str, value: object, content: dict[str, Any] = DATA) -> bool:
    return matches([Condition(field, operator, value)], content)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("amount_minor", "gte", 10050),
        ("amount_minor", "gt", Decimal("10049.99")),
        ("amount", "eq", Decimal("100.5")),
        ("amount", "lt", 101),
        ("currency", "eq", "GBP"),
        ("currency", "in", ["EUR", "GBP"]),
        ("currency", "ne", "EUR"),
        ("date", "lte", "2026-11-30"),
        ("matched", "eq", True),
        ("reference", "eq", None),
        ("reference", "exists", True),
        ("counterparty.address.country", "eq", "GB"),
        ("counterparty.iban", "exists", False),
        ("nothing.at.all", "ne", "there"),
    ],
)
def test_holds(field: str, operator: str, value: object) -> None:
    assert _holds(field, operator, value)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("amount_minor", "gt", 10050),
        ("amount_minor", "eq", "10050"),
        ("currency", "eq", "gbp"),
        ("currency", "gt", 1),
        ("matched", "eq", 1),
        ("reference", "eq", ""),
        ("reference", "exists", False),
        ("counterparty", "eq", "Harbour Foods Ltd"),
        ("counterparty.name.first", "exists", True),
        ("documents.document_id", "exists", True),
        ("documents.0", "exists", True),
        ("nothing", "eq", None),
        ("nothing", "lt", 1),
        ("nothing", "in", [None]),
    ],
)
def test_does_not_hold(field: str, operator: str, value: object) -> None:
    assert not _holds(field, operator, value)


def test_numbers_are_compared_exactly() -> None:
    """As floats these two are the same."""
    content = {"amount": Decimal("90071992547409.937")}
    assert _holds("amount", "eq", Decimal("90071992547409.937"), content)
    assert not _holds("amount", "eq", Decimal("90071992547409.94"), content)
    assert _holds("amount", "lt", Decimal("90071992547409.94"), content)
    assert not _holds("amount_minor", "eq", 2**53, {"amount_minor": 2**53 + 1})


@given(data, names, scalars)
def test_equal_and_unequal_are_opposites(content: dict[str, Any], name: str, value: object) -> None:
    assert _holds(name, "eq", value, content) != _holds(name, "ne", value, content)
    assert _holds(name, "eq", value, content) == _holds(name, "in", [value], content)


@given(data, names)
def test_there_and_not_there_are_opposites(content: dict[str, Any], name: str) -> None:
    verdicts = [_holds(name, "exists", value, content) for value in (True, False)]
    assert verdicts == [name in content, name not in content]


@given(numbers, numbers)
def test_numbers_are_in_one_order(found: Any, value: Any) -> None:  # noqa: ANN401  int or Decimal
    verdicts = [_holds("a", operator, value, {"a": found}) for operator in ("eq", *ORDERS)]
    assert verdicts == [
        found == value,
        found > value,
        found >= value,
        found < value,
        found <= value,
    ]


@given(data, names, st.sampled_from(ORDERS), scalars)
def test_no_order_holds_between_two_types(
    content: dict[str, Any], name: str, operator: str, value: object
) -> None:
    if fits(operator, value) and _holds(name, operator, value, content):
        found = content[name]
        assert isinstance(found, str) == isinstance(value, str)
        assert not isinstance(found, bool)


@given(data, st.lists(st.tuples(names, scalars), max_size=4))
def test_all_conditions_must_hold(content: dict[str, Any], pairs: list[tuple[str, object]]) -> None:
    conditions = [Condition(name, "eq", value) for name, value in pairs]
    assert matches(conditions, content) == all(matches([each], content) for each in conditions)


def _event(data: str, name: str = "transaction.created") -> OutboxEvent:
    return OutboxEvent(name=name, payload={}, body=f'{{"data":{data}}}'.encode())


def test_an_event_must_be_subscribed_to_and_pass_the_filter() -> None:
    wanting = WebhookEndpoint(
        event_types=["transaction.*"],
        each_line=False,
        filter='[{"field":"amount","operator":"gte","value":0.10}]',
    )
    assert is_wanted(wanting, _event('{"amount":0.1}'))
    assert not is_wanted(wanting, _event('{"amount":0.0999999999999999999999}'))
    assert not is_wanted(wanting, _event("{}"))
    assert not is_wanted(wanting, _event('{"amount":0.1}', "invoice.paid"))


async def test_a_filter_is_shown_as_it_was_given(client: httpx.AsyncClient) -> None:
    given = (
        '[{"field":"amount","operator":"lt","value":90071992547409.937},'
        '{"field":"counterparty.name","operator":"in","value":["Ä",null,true,7]}]'
    )
    body = f'{{"url":"{URL}","event_types":["*"],"filter":{given}}}'

    made = await client.post(
        ENDPOINTS, content=body.encode(), headers={"Content-Type": "application/json"}
    )

    assert made.status_code == 201, made.text
    assert f'"filter":{given}' in made.text
    assert f'"filter":{given}' in (await client.get(f"{ENDPOINTS}/{made.json()['id']}")).text


@pytest.mark.parametrize(
    "value", ["1e17", "-999999999999999999.999999999999999999", "1e-18", "0e17", "-0.0", "1E2"]
)
async def test_whatever_number_is_taken_is_shown_again(
    client: httpx.AsyncClient, value: str
) -> None:
    condition = f'{{"field":"amount","operator":"eq","value":{value}}}'
    body = f'{{"url":"{URL}","event_types":["*"],"filter":[{condition}]}}'

    made = await client.post(
        ENDPOINTS, content=body.encode(), headers={"Content-Type": "application/json"}
    )

    assert made.status_code == 201, made.text
    read = await client.get(f"{ENDPOINTS}/{made.json()['id']}")
    [shown] = exact.parse(read.content)["filter"]
    assert shown["value"] == Decimal(value)


@pytest.mark.parametrize(
    ("condition", "pointer"),
    [
        ({"field": "", "operator": "eq", "value": 1}, "/field"),
        ({"field": "a..b", "operator": "eq", "value": 1}, "/field"),
        ({"field": "$.amount", "operator": "eq", "value": 1}, "/field"),
        ({"field": "amout_minor", "operator": "gte", "value": 1}, "/field"),
        ({"field": "a", "operator": "like", "value": "%"}, "/operator"),
        ({"field": "a", "operator": "eq"}, "/value"),
        ({"field": "a", "operator": "eq", "value": [1]}, "/value"),
        ({"field": "a", "operator": "eq", "value": {}}, "/value"),
        ({"field": "a", "operator": "gt", "value": True}, "/value"),
        ({"field": "a", "operator": "gt", "value": None}, "/value"),
        ({"field": "a", "operator": "in", "value": []}, "/value"),
        ({"field": "a", "operator": "in", "value": "GBP"}, "/value"),
        ({"field": "a", "operator": "in", "value": [[1]]}, "/value"),
        ({"field": "a", "operator": "exists", "value": 1}, "/value"),
        ({"field": "a", "operator": "eq", "value": "x" * 501}, "/value"),
        ({"field": "a", "operator": "eq", "value": 10**18}, "/value"),
        ({"field": "a", "operator": "eq", "value": 1, "not": True}, "/not"),
    ],
)
async def test_names_what_is_wrong_with_a_condition(
    client: httpx.AsyncClient, condition: dict[str, Any], pointer: str
) -> None:
    body = {"url": URL, "event_types": ["*"], "filter": [condition]}

    answer = await client.post(ENDPOINTS, json=body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/filter/0{pointer}"]


@pytest.mark.parametrize(
    "value",
    [
        *("1e18", "1e400", "1e-19", "1e-400", "0e18", "0e-400", "1e999999999", "-0.1e99999"),
        *('"\\ud800"', '["\\ud800"]', '"a\\u0000"'),
    ],
)
async def test_a_value_that_can_not_be_written_out_is_refused(
    client: httpx.AsyncClient, value: str
) -> None:
    condition = f'{{"field":"a","operator":"{"in" if "[" in value else "eq"}","value":{value}}}'
    body = f'{{"url":"{URL}","event_types":["*"],"filter":[{condition}]}}'

    answer = await client.post(
        ENDPOINTS, content=body.encode(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/filter/0/value"]


async def test_a_filter_has_twenty_conditions_at_most(client: httpx.AsyncClient) -> None:
    condition = {"field": "amount", "operator": "exists", "value": True}
    await endpoint(client, URL, filter=[condition] * 20)
    body = {"url": URL, "event_types": ["*"], "filter": [condition] * 21}
    answer = await client.post(ENDPOINTS, json=body)
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/filter"]
