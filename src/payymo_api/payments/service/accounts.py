"""The ways to Stripe that this process has: by a connection's own key, or by our platform's."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.payments.errors import StripeConnectionNotActive, StripeNotConfigured
from payymo_api.payments.gateway import ConnectPlatform, StripeAccount
from payymo_api.payments.gateway.oauth import OAuth
from payymo_api.payments.gateway.pacing import Pacers
from payymo_api.payments.gateway.stripe import Http, SdkAccount, Watch, open_http
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.models.connections import LIVING
from payymo_api.payments.rules.keys import nature
from payymo_api.payments.service.troubles import noted


@dataclass(frozen=True, slots=True)
class Stripes:
    """`platform` is None without credentials for Connect. `publishable_key`: the platform's.

    `public_url` is where Stripe finds us. `has_time`: nobody waits for what this process asks, so
    it keeps to each account's pace.
    """

    url: str
    http: Http
    database: Database
    keyring: Keyring
    platform_key: str | None = field(repr=False)
    platform: ConnectPlatform | None
    publishable_key: str | None
    public_url: str
    has_time: bool = False
    pacers: Pacers = field(default_factory=Pacers)

    def of(self, connection: StripeConnection) -> StripeAccount:
        """Return the connection's account; StripeConnectionNotActive if it can't be reached.

        What Stripe's answers say about the connection itself is noted on it.
        """
        if connection.status not in LIVING or connection.account_id is None:
            raise StripeConnectionNotActive(f"The Stripe connection is {connection.status}.")
        watch = partial(noted, self.database, connection)
        if connection.secret_key is None:
            if connection.livemode is not self.platform_livemode:
                raise StripeNotConfigured("The platform's key is of the other mode.")
            return self.connected(connection.account_id, watch)
        secret = self.unsealed(connection, connection.secret_key)
        pacer = self.pacers.of(connection.account_id, livemode=connection.livemode)
        return SdkAccount(self.url, self.http, secret, None, watch, pacer, self.has_time)

    def by_key(self, secret_key: str) -> StripeAccount:
        return SdkAccount(self.url, self.http, secret_key)

    def connected(self, account_id: str, watch: Watch = nullcontext) -> StripeAccount:
        """Return an account that is connected to our platform."""
        if self.platform_key is None:
            raise StripeNotConfigured("There is no platform key for Stripe Connect.")
        key, pacer = self.platform_key, self.pacers.of(account_id, livemode=self.platform_livemode)
        return SdkAccount(self.url, self.http, key, account_id, watch, pacer, self.has_time)

    def connect(self) -> ConnectPlatform:
        """Return Stripe Connect; StripeNotConfigured without credentials for it."""
        if self.platform is None:
            raise StripeNotConfigured("There are no credentials for Stripe Connect.")
        return self.platform

    @property
    def platform_livemode(self) -> bool:
        """Whether what is connected to our platform is live, by the platform's key."""
        known = nature(self.platform_key or "")
        return known is not None and known.livemode

    def sealed(self, connection: StripeConnection, secret: str) -> bytes:
        """Encrypt a secret of the connection: no other row opens it."""
        return self.keyring.encrypt(secret.encode(), bound_to=_row(connection))

    def unsealed(self, connection: StripeConnection, sealed: bytes) -> str:
        return self.keyring.decrypt(sealed, bound_to=_row(connection)).decode()

    async def aclose(self) -> None:
        await self.http.close_async()  # type: ignore[no-untyped-call]  # the SDK has no type here
        if self.platform:
            await self.platform.aclose()


def _row(connection: StripeConnection) -> str:
    return f"stripe_connections:{connection.tenant_id}:{connection.id}"


def open_stripes(
    settings: Settings, database: Database, keyring: Keyring, *, has_time: bool = False
) -> Stripes:
    secret, client_id = settings.stripe_secret_key, settings.stripe_client_id
    key = secret.get_secret_value() if secret else None
    platform = (
        OAuth(settings.stripe_connect_url, client_id=client_id, secret_key=key)
        if key and client_id
        else None
    )
    return Stripes(
        url=settings.stripe_url,
        http=open_http(),
        database=database,
        keyring=keyring,
        platform_key=key,
        platform=platform,
        publishable_key=settings.stripe_publishable_key,
        public_url=settings.public_url,
        has_time=has_time,
    )
