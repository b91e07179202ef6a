"""What we need of Stripe, in its own words: objects are plain mappings, kinds its object names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from payymo_api.payments.rules.raw import Raw

Params = Mapping[str, Any]
"""As Stripe's API takes them; nested, without form encoding."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list, newest first; `has_more`: go on with `starting_after` the last id."""

    data: Sequence[Raw]
    has_more: bool


class StripeAccount(Protocol):
    """One connection's account. Objects come with what `EXPANDED` says inside them.

    Every call that changes something names an idempotency key: the same key, the same effect.
    Refusals are of `payments.errors`.
    """

    async def retrieve(self, kind: str, stripe_id: str) -> Raw: ...

    async def list(self, kind: str, params: Params) -> Listed: ...

    async def create(self, kind: str, params: Params, *, key: str) -> Raw: ...

    async def update(self, kind: str, stripe_id: str, params: Params, *, key: str) -> Raw: ...

    async def act(self, kind: str, stripe_id: str, action: str, params: Params, *, key: str) -> Raw:
        """Do what has an address of its own: capture, cancel, finalize …"""
        ...

    async def remove(self, kind: str, stripe_id: str, params: Params) -> Raw:
        """Delete or end it. Stripe takes no idempotency key for this."""
        ...

    async def fetch(self, path: str, params: Params | None = None) -> Raw:
        """Read what is of no kind: `account`, `balance`, `invoices/in_…/lines`."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What an account's owner granted to our platform."""

    account_id: str
    livemode: bool
    scope: str


class ConnectPlatform(Protocol):
    """Stripe Connect's OAuth, on behalf of our platform."""

    def authorization_url(self, *, state: str, redirect_url: str) -> str: ...

    async def exchange(self, code: str) -> Grant: ...

    async def deauthorize(self, account_id: str) -> None:
        """End the access; one that has ended already is no error."""
        ...

    async def aclose(self) -> None: ...


EXPANDED: Mapping[str, Sequence[str]] = {
    "balance_transaction": ("source",),
    "payment_intent": ("latest_charge",),
    "invoice": ("payments",),
}
"""Kind -> what Stripe is asked to put inside its objects."""
