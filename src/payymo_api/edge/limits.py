"""Rate limits: declared with slowapi, hit in one Redis call that never blocks, else locally.

The algorithm is GCRA (ITU-T I.371): a bucket of `limit` requests that refills evenly over a minute.
"""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from math import ceil
from time import time
from typing import Final
from uuid import uuid4

from limits import RateLimitItem
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError
from slowapi.extension import HEADERS
from slowapi.wrappers import LimitGroup

from payymo_api.core import log
from payymo_api.edge.caller import Caller
from payymo_api.edge.pipeline import Pipeline

_log = log.get(__name__)
_FALLBACKS = Counter("payymo_rate_limit_fallbacks", "Hits counted locally because Redis was away")


def _declare(limit: str, key: str) -> RateLimitItem:
    (declared,) = LimitGroup(limit, lambda: key, None, False, None, None, None, 1, False)  # noqa: FBT003  a record, written in one line
    return declared.limit


DECLARED: Final = {
    "standard": _declare("600/minute", "key"),
    "premium": _declare("6000/minute", "key"),
    "address": _declare("300/minute", "address"),
}
HEADER_NAMES: Final = {
    HEADERS.LIMIT: b"x-rate-limit-limit",
    HEADERS.REMAINING: b"x-rate-limit-remaining",
    HEADERS.RESET: b"x-rate-limit-reset",
}

# KEYS[1] the bucket; ARGV: limit, window (s). Returns {allowed, remaining, full in ms, wait in ms}.
_HIT: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000
local gap = window / limit
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = due + gap
local room = window - (next - now)
if room < -0.001 then
  return {0, 0, math.ceil(due - now), math.ceil(-room)}
end
redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now) + 1000)
return {1, math.floor(room / gap + 0.001), math.ceil(next - now), 0}
"""
_DIGEST: Final = hashlib.sha1(_HIT.encode(), usedforsecurity=False).hexdigest()
_LOCAL_BUCKETS = 50_000
_REDIS_RETRY_SECONDS = 1.0
_PATIENCE = 0.5
_PROCESSES: Final = "payymo:limit:processes"
_PROCESS_SECONDS = 30
_TOLERANCE = 2
"""Without Redis all processes together allow at most so many times the limit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """The outcome of one request: what the headers say. Times in whole seconds."""

    limit: int
    window: int
    allowed: bool
    remaining: int
    reset_in: int
    retry_after: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        named = (
            (HEADER_NAMES[HEADERS.LIMIT], f"{self.limit}"),
            (HEADER_NAMES[HEADERS.REMAINING], f"{self.remaining}"),
            (HEADER_NAMES[HEADERS.RESET], f"{int(time()) + self.reset_in}"),
            (b"ratelimit-policy", f'"default";q={self.limit};w={self.window}'),
            (b"ratelimit", f'"default";r={self.remaining};t={self.reset_in}'),
        )
        return [(name, text.encode()) for name, text in named]


class RateLimits:
    """Counts hits per key, or per address (IPv6: per /64) while the caller is not known."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._pipeline = Pipeline(redis, patience=_PATIENCE)
        self._due: dict[str, float] = {}
        self._redis_again_at: float | None = None
        self._probe: asyncio.Task[None] | None = None
        self._process = uuid4().hex
        self._processes = 1

    async def hit(self, caller: Caller | None, address: str) -> Hit:
        return self.refusal(caller, address) or await self._hit(*_bucket(caller, address))

    def refusal(self, caller: Caller | None, address: str) -> Hit | None:
        """A bucket that was refused stays full until its time: nobody need be asked."""
        bucket, limit, window = _bucket(caller, address)
        full = self._due.get(bucket, 0.0) - time()
        wait = full + window / limit - window
        if wait <= 0:
            return None
        return Hit(limit, window, False, 0, ceil(full), ceil(wait))  # noqa: FBT003  a record, written in one line

    async def count_processes(self) -> None:
        """Say that this process lives, and learn how many do: they share a limit without Redis."""
        moment = time()
        try:
            await self._pipeline.call("ZADD", _PROCESSES, str(moment), self._process)
            oldest = str(moment - _PROCESS_SECONDS)
            await self._pipeline.call("ZREMRANGEBYSCORE", _PROCESSES, "-inf", oldest)
            self._processes = int(await self._pipeline.call("ZCARD", _PROCESSES))
        except (RedisError, OSError):
            return

    async def aclose(self) -> None:
        if self._probe:
            self._probe.cancel()
        await self._pipeline.aclose()
        await self.redis.aclose()

    async def _hit(self, bucket: str, limit: int, window: int) -> Hit:
        if self._redis_again_at is not None:
            self._try_redis_again()
            return self._hit_locally(bucket, limit, window)
        try:
            allowed, remaining, full_ms, wait_ms = await self._run(bucket, str(limit), str(window))
        except (RedisError, OSError) as error:
            self._redis_again_at = time() + _REDIS_RETRY_SECONDS
            _log.warning("rate_limits_local", cause=type(error).__name__)
            return self._hit_locally(bucket, limit, window)
        self._remember(bucket, time() + full_ms / 1000)
        return Hit(
            limit, window, bool(allowed), remaining, ceil(full_ms / 1000), ceil(wait_ms / 1000)
        )

    async def _run(self, *arguments: str) -> list[int]:
        try:
            answer: list[int] = await self._pipeline.call("EVALSHA", _DIGEST, "1", *arguments)
        except NoScriptError:
            answer = await self._pipeline.call("EVAL", _HIT, "1", *arguments)
        return answer

    def _try_redis_again(self) -> None:
        """Once a second, and no request waits for it."""
        if self._redis_again_at is not None and time() >= self._redis_again_at:
            self._redis_again_at = time() + _REDIS_RETRY_SECONDS
            self._probe = asyncio.create_task(self._ask_redis())

    async def _ask_redis(self) -> None:
        with suppress(RedisError, OSError):
            await self._pipeline.call("PING")
            self._redis_again_at = None

    def _hit_locally(self, bucket: str, limit: int, window: int) -> Hit:
        """Go on from what Redis said last, each process with its share of the limit."""
        _FALLBACKS.inc()
        share = min(1, _TOLERANCE / self._processes)
        moment, gap = time(), window / ceil(limit * share)
        due = max(self._due.get(bucket, moment), moment)
        room = window - (due + gap - moment)
        if room < 0:
            return Hit(limit, window, False, 0, ceil(due - moment), ceil(-room))  # noqa: FBT003  a record, written in one line
        self._remember(bucket, due + gap)
        return Hit(limit, window, True, int(room / gap), ceil(due + gap - moment), 0)  # noqa: FBT003  a record, written in one line

    def _remember(self, bucket: str, due: float) -> None:
        if len(self._due) >= _LOCAL_BUCKETS:
            self._due.clear()
        self._due[bucket] = due


def _bucket(caller: Caller | None, address: str) -> tuple[str, int, int]:
    """Return whose hits are counted together, how many are allowed, and in how many seconds."""
    item = DECLARED[caller.plan if caller else "address"]
    limit = (caller.per_minute if caller else None) or item.amount
    whose = caller.key_id if caller else _network(address)
    return f"payymo:limit:{whose}", limit, item.get_expiry()


def _network(address: str) -> str:
    """Return the /64 of an IPv6 address: whoever has one address of it has them all."""
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    return address if parsed.ipv4_mapped else str(IPv6Network((parsed.packed, 64), strict=False))
