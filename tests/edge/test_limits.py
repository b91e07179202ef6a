import uuid

from redis.asyncio import Redis

from payymo_api.core.settings import Settings
from payymo_api.core.types import KeyId, TenantId, new_id
from payymo_api.edge.caller import Caller
from payymo_api.edge.limits import RateLimits


def caller(per_minute: int | None = 3) -> Caller:
    return Caller(
        TenantId(new_id()), KeyId(new_id()), frozenset({"*"}), "standard", per_minute, None
    )


async def test_counts_down_then_refuses_with_a_time(settings: Settings) -> None:
    redis = Redis.from_url(settings.redis_url)
    limits, someone = RateLimits(redis), caller()

    hits = [await limits.hit(someone, "127.0.0.1") for _ in range(4)]

    assert [hit.allowed for hit in hits] == [True, True, True, False]
    assert [hit.remaining for hit in hits] == [2, 1, 0, 0]
    assert 1 <= hits[-1].retry_after <= 20
    assert hits[-1].headers()["Retry-After"] == str(hits[-1].retry_after)
    assert "Retry-After" not in hits[0].headers()
    await redis.aclose()


async def test_without_redis_the_same_limit_holds_locally() -> None:
    redis = Redis(host="127.0.0.1", port=1, socket_timeout=0.2)
    limits, someone = RateLimits(redis), caller()

    hits = [await limits.hit(someone, "127.0.0.1") for _ in range(4)]

    assert [hit.allowed for hit in hits] == [True, True, True, False]
    await redis.aclose()


async def test_plans_and_addresses_have_their_own_limits(settings: Settings) -> None:
    redis = Redis.from_url(settings.redis_url)
    limits = RateLimits(redis)

    standard = await limits.hit(caller(per_minute=None), "127.0.0.1")
    unknown = await limits.hit(None, uuid.uuid4().hex)

    assert (standard.limit, unknown.limit) == (600, 300)
    await redis.aclose()
