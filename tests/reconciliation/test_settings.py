import httpx
import pytest

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId
from payymo_api.reconciliation.rules.values import Policy
from payymo_api.reconciliation.service import settings
from tests.conftest import Someone
from tests.reconciliation.factories import STATUS

SETTINGS = f"{STATUS}/settings"
WANTED = {
    "automatic": False,
    "least_probability": 0.99,
    "least_margin": 0.1,
    "write_off_limits": [
        {"reason": "fee", "amount": "5.00", "currency": "EUR"},
        {"reason": "rounding", "amount_minor": 3, "currency": "JPY"},
    ],
}


async def test_a_tenant_has_the_usual_settings_until_it_chooses(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId
) -> None:
    usual = await client.get(SETTINGS)

    assert usual.json() == {
        "automatic": Policy().automatic,
        "least_probability": Policy().least_probability,
        "least_margin": Policy().least_margin,
        "write_off_limits": [],
    }
    async with database.scope(tenant_id) as scope:
        assert (await settings.policies(scope))("EUR") == Policy()


async def test_settings_are_replaced_and_the_engine_goes_by_them(
    client: httpx.AsyncClient, stranger: Someone, database: Database, tenant_id: TenantId
) -> None:
    replaced = await client.put(SETTINGS, json=WANTED)

    assert replaced.status_code == 200
    assert (await client.get(SETTINGS)).content == replaced.content
    assert replaced.json()["write_off_limits"] == [
        {"reason": "fee", "amount": 5.0, "amount_minor": 500, "currency": "EUR"},
        {"reason": "rounding", "amount": 3, "amount_minor": 3, "currency": "JPY"},
    ]
    async with database.scope(tenant_id) as scope:
        policy = (await settings.policies(scope))("EUR")
    assert policy == Policy(
        automatic=False, least_probability=0.99, least_margin=0.1, write_off_limits={"fee": 500}
    )
    assert (await stranger.client.get(SETTINGS)).json()["automatic"] is True


async def test_settings_that_changed_meanwhile_are_not_overwritten(
    client: httpx.AsyncClient,
) -> None:
    tag = (await client.get(SETTINGS)).headers["ETag"]
    first = await client.put(SETTINGS, json=WANTED, headers={"If-Match": tag})

    second = await client.put(SETTINGS, json=WANTED, headers={"If-Match": tag})

    assert (first.status_code, second.status_code) == (200, 412)
    unchanged = {"If-None-Match": (await client.get(SETTINGS)).headers["ETag"]}
    assert (await client.get(SETTINGS, headers=unchanged)).status_code == 304


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("automatic", "yes", "/automatic"),
        ("least_probability", 1.1, "/least_probability"),
        ("least_margin", -0.1, "/least_margin"),
        ("least_margin", 0.12345, "/least_margin"),
        (
            "write_off_limits",
            [{"reason": "fee", "amount": "-1.00", "currency": "EUR"}],
            "/write_off_limits/0/amount",
        ),
        (
            "write_off_limits",
            [{"reason": "fee", "amount": "1.001", "currency": "EUR"}],
            "/write_off_limits/0/amount",
        ),
        (
            "write_off_limits",
            [{"reason": "greed", "amount": "1.00", "currency": "EUR"}],
            "/write_off_limits/0/reason",
        ),
        (
            "write_off_limits",
            [{"reason": "fee", "amount_minor": 1, "currency": "EUR"}] * 2,
            "",
        ),
    ],
)
async def test_settings_out_of_bounds_are_named(
    client: httpx.AsyncClient, field: str, value: object, pointer: str
) -> None:
    refused = await client.put(SETTINGS, json={**WANTED, field: value})

    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [pointer]
