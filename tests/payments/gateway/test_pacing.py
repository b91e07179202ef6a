"""One pace for an account, whoever in the process calls it."""

import httpx
import pytest

from payymo_api.payments.errors import StripeBusy
from payymo_api.payments.gateway import pacing
from payymo_api.payments.gateway.pacing import Pacer
from payymo_api.payments.rules.pace import Pace
from tests.payments.conftest import Shop

FAR = 1e12
"""A moment that no clock of a test reaches."""


async def answer() -> dict[str, object]:
    return {}


async def test_who_has_no_time_goes_before_those_that_wait() -> None:
    pacer = Pacer()
    pacer.pace = Pace(rate=0.5, free_at=FAR)

    assert await pacer.call(answer, has_time=False) == {}
    with pytest.raises(StripeBusy) as refused:
        await pacer.call(answer, has_time=True)
    assert (refused.value.retry_after or 0) > 5


async def test_who_goes_before_puts_off_those_that_wait() -> None:
    pacer = Pacer()
    pacer.pace = Pace(rate=0.5, free_at=FAR)
    await pacer.call(answer, has_time=False)
    assert pacer.pace.free_at == FAR + 2


async def test_a_429_slows_all_down_that_call_the_account(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_AGAIN_SECONDS", (0.001,))
    pacer = shop.stripes.pacers.of("acct_test", livemode=False)
    assert pacer is shop.stripes.pacers.of("acct_test", livemode=False)
    assert pacer is not shop.stripes.pacers.of("acct_test", livemode=True)
    pacer = shop.stripes.pacers.of(shop.connection.account_id or "", livemode=False)
    pacer.pace = Pace(rate=40)
    fault = {"path": "/v1/payouts", "error": "rate_limit"}
    (await control.post("/faults", json=fault)).raise_for_status()

    assert (await shop.account.list("payout", {})).data == []

    assert 20 < pacer.pace.rate < 21


async def test_a_key_in_use_is_no_objection_to_the_pace(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_AGAIN_SECONDS", (0.001,))
    pacer = shop.stripes.pacers.of(shop.connection.account_id or "", livemode=False)
    pacer.pace = Pace(rate=40)
    fault = {"path": "/v1/payouts", "error": "idempotency_key_in_use"}
    (await control.post("/faults", json=fault)).raise_for_status()

    await shop.account.list("payout", {})

    assert pacer.pace.rate > 40
