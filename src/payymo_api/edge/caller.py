"""Who is calling: an API key turned into a tenant, remembered for a moment."""

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Literal

from payymo_api.core.clock import now
from payymo_api.core.types import KeyId, TenantId

Plan = Literal["standard", "premium"]
_ALPHABET = string.digits + string.ascii_letters
_RANDOM_LENGTH = 32  # 190 bits
_CHECKSUM_LENGTH = 6  # CRC-32 in base 62
REMEMBERED_SECONDS = 1.0
"""A revoked key is refused everywhere after at most this long (the promise is 2 s)."""
REFRESHED_SECONDS = 0.5
_IDLE_SECONDS = 60.0
_REMEMBERED_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """A tenant's key: `scopes` such as `invoices:write`, `*` for all; `per_minute` overrides."""

    tenant_id: TenantId
    key_id: KeyId
    scopes: frozenset[str]
    plan: Plan
    per_minute: int | None
    expires_at: datetime | None

    def may(self, permission: str) -> bool:
        return "*" in self.scopes or permission in self.scopes


KeyLookup = Callable[[Collection[bytes]], Awaitable[Mapping[bytes, Caller]]]
"""Digests -> the callers that they belong to now."""


Recheck = Callable[[], Awaitable[Caller | None]]
"""Asks whose key it is now; None: nobody's any more."""


def new_key(environment: str) -> str:
    """Return `pym_<environment>_` + random part + checksum; shown once, never stored."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return f"pym_{environment}_{random}{_checksum(random)}"


def is_key(text: str) -> bool:
    """Tell a mistyped key without asking the database."""
    prefix, _, tail = text.rpartition("_")
    random, checksum = tail[:_RANDOM_LENGTH], tail[_RANDOM_LENGTH:]
    return prefix in {"pym_live", "pym_test"} and text.isascii() and checksum == _checksum(random)


def _checksum(random: str) -> str:
    number, digits = zlib.crc32(random.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


@dataclass(slots=True)
class Callers:
    """Finds the caller of a key. Keys in use are looked up again together, before they expire."""

    pepper: bytes
    lookup: KeyLookup
    used: set[tuple[TenantId, KeyId]] = field(default_factory=set)
    _remembered: dict[bytes, tuple[float, Caller | None]] = field(default_factory=dict)
    _used_at: dict[bytes, float] = field(default_factory=dict)

    def digest(self, key: str) -> bytes:
        return hmac.digest(self.pepper, key.encode(), hashlib.sha256)

    async def of(self, key: str) -> Caller | None:
        """Return the caller, or None for a key that is unknown, revoked or expired."""
        if not is_key(key):
            return None
        caller = await self._find(self.digest(key))
        if caller is None or (caller.expires_at and caller.expires_at <= now()):
            return None
        self.used.add((caller.tenant_id, caller.key_id))
        return caller

    async def refresh(self) -> None:
        """Look up all keys used lately: one statement, and no request waits for it."""
        since = monotonic() - _IDLE_SECONDS
        self._used_at = {digest: at for digest, at in self._used_at.items() if at > since}
        if self._used_at:
            await self._look_up(tuple(self._used_at))

    async def _find(self, digest: bytes) -> Caller | None:
        until, caller = self._remembered.get(digest, (0.0, None))
        moment = monotonic()
        if until <= moment:
            caller = (await self._look_up([digest])).get(digest)
        if caller:
            self._used_at[digest] = moment
        return caller

    async def _look_up(self, digests: Collection[bytes]) -> Mapping[bytes, Caller]:
        until = monotonic() + REMEMBERED_SECONDS
        found = await self.lookup(digests)
        if len(self._remembered) >= _REMEMBERED_KEYS:
            self._remembered.clear()
        self._remembered |= {digest: (until, found.get(digest)) for digest in digests}
        return found
