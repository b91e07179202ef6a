"""Stripe's API keys: `sk_` (may do everything) and `rk_` (restricted), of test or live mode."""

import re
from dataclasses import dataclass

_KEY = re.compile(r"(?P<kind>sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]{4,240}")
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class KeyNature:
    """What a key's own text says of it. `hint` tells keys apart and opens nothing."""

    livemode: bool
    restricted: bool
    hint: str


def nature(key: str) -> KeyNature | None:
    """Return None for what is no key that a server calls with."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    hint = f"{found['kind']}_{found['mode']}_…{key[-_SHOWN:]}"
    return KeyNature(found["mode"] == "live", found["kind"] == "rk", hint)
