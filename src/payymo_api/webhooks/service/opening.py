"""An endpoint's sealed parts, opened for sending."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.webhooks.models import WebhookEndpoint
from payymo_api.webhooks.rules import signing
from payymo_api.webhooks.rules.retries import DELAYS

_TOLD_APART = 6  # characters; shorter ones are words of any answer


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an endpoint's events go, and how: in memory only.

    `secrets` and `signing_keys` are those in force when it was opened, the newest first.
    """

    url: str
    rate_limit: int | None
    max_concurrency: int
    retry_schedule: tuple[timedelta, ...]
    secrets: tuple[bytes, ...] = field(repr=False)
    signing_keys: tuple[Ed25519PrivateKey, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def signed(self, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """Return all that is sent beside the body: the owner's headers, and the signatures."""
        ours = signing.headers(self.secrets, event_id, body, at, self.signing_keys)
        return {**self.headers, **ours}

    def redacted(self, answer: str) -> str:
        """Cut out of an endpoint's answer what it repeats of the owner's headers."""
        for value in self.headers.values():
            for part in (value, *value.split()):
                if len(part) >= _TOLD_APART:
                    answer = answer.replace(part, "[redacted]")
        return answer


def open_endpoint(keyring: Keyring, row: WebhookEndpoint) -> Destination:
    schedule = row.retry_schedule
    return Destination(
        url=row.url,
        rate_limit=row.rate_limit,
        max_concurrency=row.max_concurrency,
        retry_schedule=tuple(timedelta(seconds=each) for each in schedule) if schedule else DELAYS,
        secrets=_opened(keyring, sealed_for(row), _in_force(row, row.secret, row.previous_secret)),
        signing_keys=tuple(
            Ed25519PrivateKey.from_private_bytes(seed)
            for seed in _opened(
                keyring,
                key_sealed_for(row),
                _in_force(row, row.signing_key, row.previous_signing_key),
            )
        ),
        headers=_headers(keyring, row),
    )


def sealed_for(row: WebhookEndpoint) -> str:
    """What an endpoint's secrets are bound to: moved to another row, they can't be opened."""
    return f"webhook_endpoints:{row.tenant_id}:{row.id}"


def key_sealed_for(row: WebhookEndpoint) -> str:
    return f"{sealed_for(row)}:signing_key"


def headers_sealed_for(row: WebhookEndpoint) -> str:
    return f"{sealed_for(row)}:headers"


def _in_force(row: WebhookEndpoint, current: bytes | None, previous: bytes | None) -> list[bytes]:
    """Return what signs now: during a rotation, the one before too."""
    until = row.previous_secret_until
    overlaps = until is not None and until > now()
    return [each for each in (current, previous if overlaps else None) if each is not None]


def _opened(keyring: Keyring, bound_to: str, sealed: list[bytes]) -> tuple[bytes, ...]:
    return tuple(keyring.decrypt(each, bound_to=bound_to) for each in sealed)


def _headers(keyring: Keyring, row: WebhookEndpoint) -> Mapping[str, str]:
    if row.header_values is None:
        return {}
    found: dict[str, str] = orjson.loads(
        keyring.decrypt(row.header_values, bound_to=headers_sealed_for(row))
    )
    return found
