import asyncio
import secrets
import uuid
from time import time

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
    await limits.aclose()


async def test_without_redis_the_same_limit_holds_locally() -> None:
    redis = Redis(host="127.0.0.1", port=1, socket_timeout=0.2)
    limits, someone = RateLimits(redis), caller()

    hits = [await limits.hit(someone, "127.0.0.1") for _ in range(4)]

    assert [hit.allowed for hit in hits] == [True, True, True, False]
    await limits.aclose()


async def test_plans_and_addresses_have_their_own_limits(settings: Settings) -> None:
    redis = Redis.from_url(settings.redis_url)
    limits = RateLimits(redis)

    standard = await limits.hit(caller(per_minute=None), "127.0.0.1")
    unknown = await limits.hit(None, uuid.uuid4().hex)

    assert (standard.limit, unknown.limit) == (600, 300)
    await limits.aclose()


async def test_all_addresses_of_one_ipv6_network_share_a_limit(settings: Settings) -> None:
    limits = RateLimits(Redis.from_url(settings.redis_url))
    network = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}"

    hits = [await limits.hit(None, f"{network}::{host:x}") for host in range(1, 402)]
    neighbour = await limits.hit(None, f"2001:db9:{network[9:]}::1")

    assert [hit.allowed for hit in hits].count(True) < 400
    assert (hits[-1].allowed, neighbour.allowed) == (False, True)
    await limits.aclose()


async def test_an_ipv4_address_in_ipv6_form_is_an_address_of_its_own(settings: Settings) -> None:
    limits = RateLimits(Redis.from_url(settings.redis_url))

    first = await limits.hit(None, "::ffff:192.0.2.1")
    other = await limits.hit(None, "::ffff:192.0.2.2")

    assert (first.remaining, other.remaining) == (299, 299)
    await limits.aclose()


async def test_a_refusal_holds_until_its_time_without_asking_again(settings: Settings) -> None:
    redis = Redis.from_url(settings.redis_url)
    limits, someone = RateLimits(redis), caller(per_minute=1)
    await limits.hit(someone, "127.0.0.1")
    await redis.flushdb()  # whoever asked Redis now would be let in

    again = await limits.hit(someone, "127.0.0.1")

    assert (again.allowed, again.remaining) == (False, 0)
    assert 59 <= again.retry_after <= 60
    await limits.aclose()


async def test_processes_share_a_limit_while_redis_is_away(settings: Settings) -> None:
    """Twice the limit is what all of them together may allow."""
    redis = Redis.from_url(settings.redis_url)
    await redis.delete("payymo:limit:processes")
    processes = [RateLimits(redis) for _ in range(4)]
    for _ in range(2):
        for each in processes:
            await each.count_processes()
    someone = caller(per_minute=12)
    for each in processes:
        each._redis_again_at = time() + 60  # noqa: SLF001  as after a failed call

    hits = [await each.hit(someone, "127.0.0.1") for each in processes for _ in range(12)]

    assert sum(hit.allowed for hit in hits) == 24
    assert {hit.limit for hit in hits} == {12}
    for each in processes:
        await each.aclose()


async def test_redis_is_asked_again_when_it_is_back(settings: Settings) -> None:
    limits, someone = RateLimits(Redis.from_url(settings.redis_url)), caller(per_minute=100)
    limits._redis_again_at = 0.0  # noqa: SLF001  as a second after a failed call

    await limits.hit(someone, "127.0.0.1")
    assert limits._probe is not None  # noqa: SLF001  its end is waited for
    await limits._probe  # noqa: SLF001  its end is waited for
    await limits.hit(someone, "127.0.0.1")

    assert await limits.redis.exists(f"payymo:limit:{someone.key_id}")
    await limits.aclose()


async def test_many_hits_at_once_are_each_counted(settings: Settings) -> None:
    limits, someone = RateLimits(Redis.from_url(settings.redis_url)), caller(per_minute=500)

    hits = await asyncio.gather(*(limits.hit(someone, "127.0.0.1") for _ in range(200)))

    assert sorted(hit.remaining for hit in hits) == list(range(300, 500))
    await limits.aclose()


async def test_a_silent_redis_is_waited_for_once(settings: Settings) -> None:
    """It accepts and says nothing: those who asked are counted here, and so is everyone after."""
    callers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: callers.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits, someone = RateLimits(Redis(host="127.0.0.1", port=port)), caller(per_minute=100)

    hits = await asyncio.gather(*(limits.hit(someone, "127.0.0.1") for _ in range(5)))
    waiting = asyncio.create_task(limits.hit(someone, "127.0.0.1"))
    await asyncio.sleep(0)

    assert [hit.remaining for hit in hits] == [99, 98, 97, 96, 95]
    assert waiting.done()
    assert waiting.result().remaining == 94
    await limits.aclose()
    server.close()
    for each in callers:
        each.close()
        await each.wait_closed()
