"""Stripe's deliveries: what is signed is kept once, and nothing else leaves more than a count."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from sqlalchemy import func, select, update

from payymo_api.core.clock import now
from payymo_api.core.db import Database
from payymo_api.core.types import StripeConnectionId, TenantId, new_id, public_id
from payymo_api.messaging.models import InboxMessage
from payymo_api.payments.models import StripeConnection, StripeWebhookSecret
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.intake import Intake
from payymo_api.payments.service.secrets import sealed
from tests.conftest import Someone
from tests.payments.conftest import Shop
from tests.payments.deliveries import deliver, event, signed

PLATFORM = "/webhooks/stripe"
SECRET, OLD = "whsec_platform_new", "whsec_platform_old"
OWN = "whsec_connection"


@pytest.fixture
def intake(app: FastAPI) -> Intake:
    """The app's, in the midst of a roll of the platform's secret, remembering nothing."""
    found: Intake = app.state.intake
    found.platform_secrets = [SECRET, OLD]
    found.forget()
    return found


@pytest.fixture
async def account_id(database: Database, tenant_id: TenantId, intake: Intake) -> str:
    """An account that the tenant has connected to our platform, in test mode."""
    return await connected(database, tenant_id)


async def connected(
    database: Database, tenant_id: TenantId, account_id: str | None = None, **values: object
) -> str:
    account_id = account_id or f"acct_{new_id().hex}"
    row = StripeConnection(tenant_id=tenant_id, id=StripeConnectionId(new_id()))
    told = {"type": "connect", "status": "active", "livemode": False, "account_id": account_id}
    for name, value in (told | values).items():
        setattr(row, name, value)
    async with database.scope(tenant_id) as scope:
        scope.session.add(row)
    return account_id


async def kept(database: Database, tenant_id: TenantId) -> list[InboxMessage]:
    async with database.scope(tenant_id) as scope:
        statement = select(InboxMessage).order_by(InboxMessage.id)
        return list(await scope.session.scalars(statement))


async def everything(database: Database) -> int:
    async with database.system() as session:
        return await session.scalar(select(func.count()).select_from(InboxMessage)) or 0


def counted(outcome: str) -> float:
    name = "payymo_stripe_deliveries_total"
    return REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0.0


async def test_a_connected_accounts_event_is_kept(
    anonymous: httpx.AsyncClient, database: Database, tenant_id: TenantId, account_id: str
) -> None:
    told = event("charge", "ch_1", account=account_id, type="charge.succeeded")
    told["data"]["object"]["payment_intent"] = "pi_1"

    answer = await deliver(anonymous, PLATFORM, told, SECRET)

    assert (answer.status_code, answer.content) == (200, b"")
    [message] = await kept(database, tenant_id)
    assert (message.source, message.message_id) == ("stripe", told["id"])
    assert (message.type, message.subject) == ("charge.succeeded", "payment_intent/pi_1")
    assert message.done_at is None


@pytest.mark.parametrize("secrets", [(SECRET,), (OLD,), (OLD, SECRET), ("whsec_other", SECRET)])
async def test_while_the_secret_is_rolled_either_is_good(
    anonymous: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    account_id: str,
    secrets: tuple[str, ...],
) -> None:
    answer = await deliver(anonymous, PLATFORM, event(account=account_id), *secrets)
    assert answer.status_code == 200
    assert len(await kept(database, tenant_id)) == 1


async def test_a_doubled_delivery_is_kept_once(
    anonymous: httpx.AsyncClient, database: Database, tenant_id: TenantId, account_id: str
) -> None:
    told = event(account=account_id)
    before = counted("repeated")
    answers = await asyncio.gather(*(deliver(anonymous, PLATFORM, told, SECRET) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await kept(database, tenant_id)) == 1
    assert counted("repeated") == before + 19


async def test_an_account_of_two_tenants_is_kept_for_both(
    anonymous: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    stranger: Someone,
    account_id: str,
) -> None:
    await connected(database, stranger.tenant_id, account_id)
    await deliver(anonymous, PLATFORM, event(account=account_id), SECRET)
    assert len(await kept(database, tenant_id)) == 1
    assert len(await kept(database, stranger.tenant_id)) == 1


@pytest.mark.parametrize("type", ["product.created", "never.heard.of"])
async def test_what_is_not_mirrored_is_kept_and_ignored(
    anonymous: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    account_id: str,
    type: str,
) -> None:
    told = event(type.partition(".")[0], "x_1", account=account_id, type=type)
    assert (await deliver(anonymous, PLATFORM, told, SECRET)).status_code == 200
    [message] = await kept(database, tenant_id)
    assert (message.type, message.subject) == (type, "")
    assert message.done_at


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [
        ("unknown_account", {"account": "acct_nobodys"}),
        ("unknown_account", {}),
        ("other_mode", {"livemode": True}),
        ("unknown", {"object": "v2.core.event"}),
    ],
)
async def test_what_is_nobodys_is_answered_and_counted(
    anonymous: httpx.AsyncClient,
    database: Database,
    account_id: str,
    outcome: str,
    fields: dict[str, Any],
) -> None:
    account = {"account": account_id} if outcome == "other_mode" else {}
    before, stored = counted(outcome), await everything(database)
    answer = await deliver(anonymous, PLATFORM, event(**account, **fields), SECRET)
    assert answer.status_code == 200
    assert counted(outcome) == before + 1
    assert await everything(database) == stored


@pytest.mark.parametrize("status", ["pending", "revoked"])
async def test_a_connection_that_is_not_alive_hears_nothing(
    anonymous: httpx.AsyncClient,
    database: Database,
    tenant_id: TenantId,
    intake: Intake,
    status: str,
) -> None:
    account_id = await connected(database, tenant_id, status=status)
    answer = await deliver(anonymous, PLATFORM, event(account=account_id), SECRET)
    assert answer.status_code == 200
    assert await kept(database, tenant_id) == []


BODY = orjson.dumps(event(account="acct_1"))
BIG = b'{"object": "event", "padding": "' + b"x" * (5 * 1024 * 1024) + b'"}'
Refused = tuple[int, str, bytes, Callable[[bytes], dict[str, str]]]
REFUSED: dict[str, Refused] = {
    "forged": (400, "forged", BODY, partial(signed, secret="whsec_somebody_elses")),
    "an old secret after its roll": (400, "forged", BODY, partial(signed, secret="whsec_before")),
    "stale": (400, "stale", BODY, partial(signed, secret=SECRET, shift=-3600)),
    "future": (400, "future", BODY, partial(signed, secret=SECRET, shift=3600)),
    "truncated": (400, "forged", BODY[:-9], lambda _: signed(BODY, secret=SECRET)),
    "truncated and signed": (400, "unreadable", BODY[:-9], partial(signed, secret=SECRET)),
    "not JSON": (400, "unreadable", b"a=b", partial(signed, secret=SECRET)),
    "not UTF-8": (400, "unreadable", b'{"id": "\xff"}', partial(signed, secret=SECRET)),
    "empty": (400, "unreadable", b"", partial(signed, secret=SECRET)),
    "unsigned": (400, "malformed", BODY, lambda _: {}),
    "5 MB": (413, "too_large", BIG, partial(signed, secret=SECRET)),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_leaves_a_count_and_nothing_else(
    anonymous: httpx.AsyncClient, database: Database, intake: Intake, name: str
) -> None:
    status, outcome, body, sign = REFUSED[name]
    before, stored = counted(outcome), await everything(database)

    answer = await anonymous.post(PLATFORM, content=body, headers=sign(body))

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert counted(outcome) == before + 1
    assert await everything(database) == stored


async def test_a_rolled_secret_is_refused_once_it_is_taken_away(
    anonymous: httpx.AsyncClient, intake: Intake
) -> None:
    intake.platform_secrets = [SECRET]
    answer = await deliver(anonymous, PLATFORM, event(), OLD)
    assert answer.json()["code"] == "stripe_signature_refused"


async def test_other_methods_are_not_allowed(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.get(PLATFORM)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_swarm_is_not_limited(anonymous: httpx.AsyncClient, intake: Intake) -> None:
    """More than an address may ask of the API in a minute."""
    told = [event(account="acct_nobodys") for _ in range(330)]
    answers = [await deliver(anonymous, PLATFORM, each, SECRET) for each in told]
    assert {answer.status_code for answer in answers} == {200}


@pytest.fixture
async def direct(database: Database, stripes: Stripes, shop: Shop, intake: Intake) -> str:
    """The address of a connection's own endpoint, whose secret is OWN."""
    await add_secret(database, stripes, shop.connection, OWN)
    return f"{PLATFORM}/{public_id('scon', shop.connection.id)}"


async def add_secret(
    database: Database, stripes: Stripes, connection: StripeConnection, text: str
) -> None:
    id = new_id()
    row = StripeWebhookSecret(
        tenant_id=connection.tenant_id,
        id=id,
        connection_id=connection.id,
        sealed=sealed(stripes.keyring, connection.tenant_id, id, text),
    )
    async with database.scope(connection.tenant_id) as scope:
        scope.session.add(row)


async def test_a_connections_own_endpoint(
    anonymous: httpx.AsyncClient, database: Database, shop: Shop, direct: str
) -> None:
    assert (await deliver(anonymous, direct, event(), OWN)).status_code == 200
    [message] = await kept(database, shop.tenant_id)
    assert message.connection_id == shop.connection.id


async def test_the_platforms_secret_opens_no_connections_endpoint(
    anonymous: httpx.AsyncClient, database: Database, shop: Shop, direct: str
) -> None:
    assert (await deliver(anonymous, direct, event(), SECRET)).status_code == 400
    assert (await deliver(anonymous, PLATFORM, event(), OWN)).status_code == 400
    assert await kept(database, shop.tenant_id) == []


async def test_a_live_event_at_a_test_connections_endpoint_is_ignored(
    anonymous: httpx.AsyncClient, database: Database, shop: Shop, direct: str
) -> None:
    before = counted("other_mode")
    answer = await deliver(anonymous, direct, event(livemode=True), OWN)
    assert answer.status_code == 200
    assert counted("other_mode") == before + 1
    assert await kept(database, shop.tenant_id) == []


async def test_after_the_overlap_an_old_secret_is_refused(
    anonymous: httpx.AsyncClient, database: Database, stripes: Stripes, shop: Shop, direct: str
) -> None:
    await add_secret(database, stripes, shop.connection, "whsec_next")
    async with database.scope(shop.tenant_id) as scope:
        first = select(func.min(StripeWebhookSecret.created_at)).scalar_subquery()
        ending = update(StripeWebhookSecret).where(StripeWebhookSecret.created_at == first)
        await scope.session.execute(ending.values(expires_at=now() - timedelta(seconds=1)))

    assert (await deliver(anonymous, direct, event(), OWN)).status_code == 400
    assert (await deliver(anonymous, direct, event(), "whsec_next")).status_code == 200


@pytest.mark.parametrize("id", ["scon_0", "bc_0", public_id("scon", UUID(int=1)), "%00"])
async def test_an_endpoint_that_is_not_there(anonymous: httpx.AsyncClient, id: str) -> None:
    answer = await deliver(anonymous, f"{PLATFORM}/{id}", event(), OWN)
    assert answer.status_code == 404
