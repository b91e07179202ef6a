"""Rate limits: declared with slowapi, hit in one Redis call that never blocks, else locally.

The algorithm is GCRA (ITU-T I.371): a bucket of `limit` requests that refills evenly over a minute.
"""

from dataclasses import dataclass, field
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItem
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError
from slowapi.extension import HEADERS
from slowapi.wrappers import LimitGroup

from payymo_api.core import log
from payymo_api.edge.caller import Caller

_log = log.get(__name__)
_FALLBACKS = Counter("payymo_rate_limit_fallbacks", "Hits counted locally because Redis was away")


def _declare(limit: str, key: str) -> RateLimitItem:
    (declared,) = LimitGroup(limit, lambda: key, None, False, None, None, None, 1, False)  # noqa: FBT003
    return declared.limit


DECLARED: Final = {
    "standard": _declare("600/minute", "key"),
    "premium": _declare("6000/minute", "key"),
    "address": _declare("300/minute", "address"),
}
HEADER_NAMES: Final = {
    HEADERS.LIMIT: "X-Rate-Limit-Limit",
    HEADERS.REMAINING: "X-Rate-Limit-Remaining",
    HEADERS.RESET: "X-Rate-Limit-Reset",
    HEADERS.RETRY_AFTER: "Retry-After",
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
_LOCAL_BUCKETS = 50_000
_REDIS_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """The outcome of one request: what the headers say. Times in whole seconds."""

    limit: int
    window: int
    allowed: bool
    remaining: int
    reset_in: int
    retry_after: int

    def headers(self) -> dict[str, str]:
        named = {
            HEADER_NAMES[HEADERS.LIMIT]: str(self.limit),
            HEADER_NAMES[HEADERS.REMAINING]: str(self.remaining),
            HEADER_NAMES[HEADERS.RESET]: str(int(time()) + self.reset_in),
            "RateLimit-Policy": f'"default";q={self.limit};w={self.window}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_in}',
        }
        if not self.allowed:
            named[HEADER_NAMES[HEADERS.RETRY_AFTER]] = str(self.retry_after)
        return named


@dataclass(slots=True)
class RateLimits:
    """Counts hits per key, or per address while the caller is not known."""

    redis: Redis
    _local: dict[str, float] = field(default_factory=dict)
    _redis_again_at: float = 0.0

    async def hit(self, caller: Caller | None, address: str) -> Hit:
        name = caller.plan if caller else "address"
        item = DECLARED[name]
        limit = (caller.per_minute if caller else None) or item.amount
        bucket = f"payymo:limit:{caller.key_id if caller else address}"
        return await self._hit(bucket, limit, item.get_expiry())

    async def _hit(self, bucket: str, limit: int, window: int) -> Hit:
        if time() < self._redis_again_at:
            return self._hit_locally(bucket, limit, window)
        try:
            answer = await self.redis.eval(_HIT, 1, bucket, str(limit), str(window))  # type: ignore[misc]  # redis-py types both worlds at once
        except (RedisError, OSError) as error:
            self._redis_again_at = time() + _REDIS_RETRY_SECONDS
            _log.warning("rate_limits_local", cause=type(error).__name__)
            return self._hit_locally(bucket, limit, window)
        allowed, remaining, full_ms, wait_ms = answer
        return Hit(
            limit, window, bool(allowed), remaining, ceil(full_ms / 1000), ceil(wait_ms / 1000)
        )

    def _hit_locally(self, bucket: str, limit: int, window: int) -> Hit:
        _FALLBACKS.inc()
        moment, gap = time(), window / limit
        if len(self._local) >= _LOCAL_BUCKETS:
            self._local.clear()
        due = max(self._local.get(bucket, moment), moment)
        room = window - (due + gap - moment)
        if room < 0:
            return Hit(limit, window, False, 0, ceil(due - moment), ceil(-room))  # noqa: FBT003
        self._local[bucket] = due + gap
        return Hit(limit, window, True, int(room / gap), ceil(due + gap - moment), 0)  # noqa: FBT003
