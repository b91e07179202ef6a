"""Stripe's events through the workers as they run: real PostgreSQL, Redis, and Stripe's sandbox."""

import httpx
import pytest
from sqlalchemy import select

from payymo_api.core.settings import Settings
from payymo_api.core.types import public_id
from payymo_api.payments.models import StripePayment
from tests.payments.conftest import Shop
from tests.payments.deliveries import deliver, event
from tests.test_worker import working
from tests.webhooks.factories import until

pytestmark = pytest.mark.usefixtures("quiet")
SECRET = "whsec_of_the_connection"


async def _is_kept(shop: Shop, stripe_id: str) -> bool:
    async with shop.database.scope(shop.tenant_id) as scope:
        statement = select(StripePayment).where(StripePayment.stripe_id == stripe_id)
        return await scope.session.scalar(statement) is not None


async def test_a_delivery_is_followed(
    shop: Shop, settings: Settings, anonymous: httpx.AsyncClient
) -> None:
    id = public_id("scon", shop.connection.id)
    path = f"/api/v1/stripe/connections/{id}/webhook_secrets"
    (await shop.client.post(path, json={"secret": SECRET})).raise_for_status()
    made = await shop.api.pay()
    async with working(settings, "webhook"):
        told = event("payment_intent", made["id"], type="payment_intent.succeeded")
        answer = await deliver(anonymous, f"/webhooks/stripe/{id}", told, SECRET)
        assert answer.status_code == 200
        await until(lambda: _is_kept(shop, made["id"]))
    assert await shop.told() == ["stripe_payment.succeeded"]


async def test_what_never_came_is_caught_up(shop: Shop, settings: Settings) -> None:
    made = await shop.api.pay()
    id = public_id("scon", shop.connection.id)
    async with working(settings, "webhook"), working(settings, "sync"):
        (await shop.client.post(f"/api/v1/stripe/connections/{id}/sync")).raise_for_status()
        await until(lambda: _is_kept(shop, made["id"]))
