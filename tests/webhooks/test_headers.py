"""Headers of the owner's own: which may be sent, and that nobody ever reads their values."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from payymo_api.core.crypto import Undecipherable
from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.edge.state import Parts
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules import headers
from payymo_api.webhooks.schemas.endpoints import EndpointRequest
from payymo_api.webhooks.service.opening import open_endpoint, sealed_for
from tests.conftest import Someone
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import ENDPOINTS, endpoint

URL = "https://example.com/payymo"
CANARY = "Bearer canary-of-the-tests"
GIVEN = {"Authorization": CANARY, "X-Route": "blue green"}


async def _row(database: Database, tenant_id: TenantId) -> WebhookEndpoint:
    async with database.scope(tenant_id) as scope:
        return (await scope.session.scalars(select(WebhookEndpoint))).one()


@pytest.mark.parametrize("name", ["Authorization", "X-Api-Key", "X-Route", "Cookie", "Date"])
def test_a_name_of_their_own_is_sent(name: str) -> None:
    assert headers.refusal(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "CONTENT-TYPE",
        "webhook-id",
        "Webhook-Signature",
        "X-Webhook-Signature",
        "X-Payymo-Anything",
        "User-Agent",
        "Accept-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Expect",
        "",
        "X Route",
        "X-Route:",
        "X-Route\r\nHost",
        "X-Röute",
        "x" * 101,
    ],
)
def test_ours_the_connections_and_malformed_names_are_refused(name: str) -> None:
    assert headers.refusal(name)


@given(st.text(max_size=30))
def test_a_value_is_one_line_of_visible_ascii(value: str) -> None:
    fits = value.isascii() and value.isprintable() and value == value.strip() != ""
    assert headers.is_value(value) == fits or "\t" in value


@pytest.mark.parametrize("value", ["", " a", "a\t", "a\r\nHost: b", "a\nb", "a\x00b", "ä"])
def test_a_value_that_could_end_its_line_is_refused(value: str) -> None:
    assert not headers.is_value(value)


async def test_values_are_sealed_to_their_row(someone: Someone, parts: Parts) -> None:
    made = await endpoint(someone.client, URL, headers=GIVEN)

    row = await _row(parts.database, someone.tenant_id)

    assert made["header_names"] == row.header_names == list(GIVEN)
    assert open_endpoint(parts.keyring, row).headers == GIVEN
    assert row.header_values is not None
    with pytest.raises(Undecipherable):
        parts.keyring.decrypt(row.header_values, bound_to=sealed_for(row))


async def test_a_put_without_headers_keeps_them_and_an_empty_one_drops_them(
    someone: Someone, parts: Parts
) -> None:
    made = await endpoint(someone.client, URL, headers=GIVEN)
    place, body = f"{ENDPOINTS}/{made['id']}", {"url": f"{URL}/2", "event_types": ["*"]}

    kept = (await someone.client.put(place, json=body)).json()
    kept_row = await _row(parts.database, someone.tenant_id)
    other = (await someone.client.put(place, json=body | {"headers": {"X-A": "b"}})).json()
    none = (await someone.client.put(place, json=body | {"headers": {}})).json()
    none_row = await _row(parts.database, someone.tenant_id)

    names = [each["header_names"] for each in (kept, other, none)]
    assert names == [list(GIVEN), ["X-A"], []]
    assert open_endpoint(parts.keyring, kept_row).headers == GIVEN
    assert open_endpoint(parts.keyring, none_row).headers == {}


async def test_values_do_not_follow_to_another_host_unasked(client: httpx.AsyncClient) -> None:
    made = await endpoint(client, URL, headers=GIVEN)
    place = f"{ENDPOINTS}/{made['id']}"
    body: dict[str, Any] = {"url": "https://elsewhere.example.com/", "event_types": ["*"]}

    refused = await client.put(place, json=body)
    again = await client.put(place, json=body | {"headers": GIVEN})

    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/headers"]
    assert (again.status_code, again.json()["url"]) == (200, body["url"])


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"Host": "a"}, "/headers/Host"),
        ({"X-A": "a\r\nHost: b"}, "/headers/X-A"),
        ({"X-A": 1}, "/headers/X-A"),
        ({"X-A": "1", "x-a": "2"}, "/headers"),
        ({f"X-{number}": "a" for number in range(21)}, "/headers"),
    ],
)
async def test_names_the_header_that_is_wrong(
    client: httpx.AsyncClient, given: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(ENDPOINTS, json={"url": URL, "event_types": ["*"], "headers": given})

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


async def test_no_value_is_ever_shown(
    someone: Someone, parts: Parts, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """In no answer, log or repr, and in no row in clear: kept answers and events included."""
    client, tenant_id = someone.client, someone.tenant_id
    body = {"url": receiver.url, "event_types": ["*"], "headers": GIVEN}
    key = {"Idempotency-Key": "headers-1"}

    made = await client.post(ENDPOINTS, json=body, headers=key)
    place = f"{ENDPOINTS}/{made.json()['id']}"
    answers = [
        made,
        await client.post(ENDPOINTS, json=body, headers=key),
        await client.get(place),
        await client.get(ENDPOINTS),
        await client.put(place, json=body),
        await client.put(place, json=body | {"url": "ftp://nowhere"}),
        await client.post(ENDPOINTS, json=body | {"headers": {"X-A": f"{CANARY}\n"}}),
        await client.post(ENDPOINTS, json=body | {"headers": {"Host": CANARY}}),
        await client.post(f"{place}/pause"),
        await client.post(f"{place}/rotate_secret"),
        await client.post(f"{place}/verify"),
        await client.get("/api/v1/security_incidents"),
    ]

    row = await _row(parts.database, tenant_id)
    request = EndpointRequest.model_validate(body)
    shown = [answer.text for answer in answers]
    shown += [repr(each) for each in (row, request, open_endpoint(parts.keyring, row))]
    shown += [*capfd.readouterr(), *await _stored(parts.database, tenant_id)]
    assert [answer.status_code for answer in answers[:2]] == [201, 201]
    assert receiver.heads
    assert CANARY in receiver.heads[0]
    assert not [each for each in shown if CANARY in each or CANARY.encode().hex() in each]


async def test_an_answer_that_repeats_them_is_kept_without(someone: Someone, parts: Parts) -> None:
    await endpoint(someone.client, URL, headers={"Authorization": CANARY, "X-Environment": "test"})

    destination = open_endpoint(parts.keyring, await _row(parts.database, someone.tenant_id))

    told = f'{{"test": 1, "authorization": "{CANARY}", "token": "canary-of-the-tests"}}'
    kept = '{"test": 1, "authorization": "[redacted]", "token": "[redacted]"}'
    assert destination.redacted(told) == kept


async def _stored(database: Database, tenant_id: TenantId) -> list[str]:
    """Return every row of the tenant in the tables that a request leaves something in."""
    tables = ("webhook_endpoints", "idempotency_keys", "outbox_events", "inbox_messages")
    async with database.scope(tenant_id) as scope:
        rows = [
            await scope.session.scalars(text(f"SELECT row_to_json(t)::text FROM {each} t"))  # noqa: S608  our own names
            for each in tables
        ]
    return [str(row) for found in rows for row in found]
