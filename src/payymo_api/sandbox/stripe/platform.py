"""All of the sandbox's Stripe: accounts in both modes, keys, connections, remembered answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from payymo_api.sandbox.clock import SandboxClock
from payymo_api.sandbox.stripe.courier import Courier
from payymo_api.sandbox.stripe.merchant import Event, Merchant, Reaction
from payymo_api.sandbox.stripe.refusals import Wire

PLATFORM = "acct_1SandboxPlatform"
SECRET_KEY = "sk_test_sandbox"  # noqa: S105  opens nothing but the sandbox
LIVE_KEY = "sk_live_sandbox"
PUBLISHABLE_KEY = "pk_test_sandbox"
CLIENT_ID = "ca_sandbox"


@dataclass(frozen=True, slots=True)
class Key:
    """`permissions` of a restricted key: resource -> read or write; None may do everything."""

    value: str
    account: str
    livemode: bool
    permissions: Mapping[str, str] | None = None


@dataclass(slots=True)
class Answer:
    """What an idempotency key gave."""

    fingerprint: str
    request_id: str
    status: int
    body: Wire
    at: int


@dataclass(slots=True)
class Connection:
    """What a connected account granted to the platform."""

    account: str
    livemode: bool
    scope: str


@dataclass(slots=True)
class Grant:
    """An authorization code or a refresh token; a code is good once, and not for long."""

    connection: Connection
    ends: int
    used: bool = False


class Platform:
    def __init__(
        self, clock: SandboxClock, seed: str, reactions: Mapping[str, tuple[Reaction, ...]]
    ) -> None:
        self.clock = clock
        self._reactions = reactions
        self.courier = Courier(seed)
        self.reset(seed)

    def reset(self, seed: str) -> None:
        """Forget everything; `seed` decides the ids from here on."""
        self.seed = seed
        self.chance = Random(f"{seed}/platform")  # noqa: S311  ids repeat by seed
        self.courier.reset(seed)
        self.merchants: dict[tuple[str, bool], Merchant] = {}
        self.profiles: dict[str, Wire] = {}
        self.connections: dict[str, Connection] = {}
        self.grants: dict[str, Grant] = {}
        self.answers: dict[tuple[str, bool, str], Answer] = {}
        self.keys = {
            value: Key(value, PLATFORM, livemode)
            for value, livemode in (
                (SECRET_KEY, False),
                (LIVE_KEY, True),
                (PUBLISHABLE_KEY, False),
            )
        }

    def merchant(self, account: str, *, livemode: bool) -> Merchant:
        place = (account, livemode)
        if place not in self.merchants:
            self.merchants[place] = Merchant(
                account,
                self.clock,
                self.seed,
                livemode=livemode,
                reactions=self._reactions,
                announce=self.announce,
            )
        return self.merchants[place]

    def bring_forward(self) -> None:
        for merchant in list(self.merchants.values()):
            merchant.bring_forward()

    def announce(self, merchant: Merchant, event: Event) -> None:
        """To the account's own endpoints, and to the platform's for connected accounts."""
        for endpoint in self._listening(merchant, event.type, connect=False):
            self.courier.post(endpoint, event.wire())
        if merchant.account in self.connections:
            platform = self.merchant(PLATFORM, livemode=merchant.livemode)
            for endpoint in self._listening(platform, event.type, connect=True):
                self.courier.post(endpoint, event.wire() | {"account": merchant.account})

    def _listening(self, merchant: Merchant, type: str, *, connect: bool) -> Iterator[Wire]:
        for wire in merchant.tables["webhook_endpoint"].values():
            wanted = wire["enabled_events"]
            mine = merchant.private["connect"].get(wire["id"], False) is connect
            if mine and wire["status"] == "enabled" and ("*" in wanted or type in wanted):
                yield wire | {"secrets": merchant.private["secrets"][wire["id"]]}

    def new_key(self, prefix: str, account: str, *, livemode: bool, **rest: Any) -> Key:  # noqa: ANN401  any JSON value
        mode = "live" if livemode else "test"
        value = f"{prefix}_{mode}_{self.chance.randbytes(12).hex()}"
        self.keys[value] = Key(value, account, livemode, **rest)
        return self.keys[value]
