"""The settings that our programs get on this machine."""

import os
from dataclasses import dataclass

from payymo_api.local.embedded import Servers, start_postgres, start_redis
from payymo_api.local.home import Home
from payymo_api.local.ports import LOOPBACK, free_port
from payymo_api.local.supervisor import Supervisor
from payymo_api.sandbox.app import SECRET_ID, SECRET_KEY
from payymo_api.sandbox.stripe import platform as stripe

_PORT = 8000


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the API and the sandbox listen."""

    port: int
    sandbox_port: int

    @classmethod
    def chosen(cls) -> "Addresses":
        """Take PAYYMO_PORT, else 8000, for the API if it is free; 0 is any."""
        return cls(free_port(int(os.environ.get("PAYYMO_PORT", _PORT))), free_port())

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.sandbox_port}"


def start_servers(supervisor: Supervisor, home: Home) -> Servers:
    """Use PAYYMO_DATABASE_URL and PAYYMO_REDIS_URL where set; start our own for the others."""
    return Servers(
        os.environ.get("PAYYMO_DATABASE_URL") or start_postgres(supervisor, home),
        os.environ.get("PAYYMO_REDIS_URL") or start_redis(supervisor, home),
    )


def environment(home: Home, servers: Servers, addresses: Addresses) -> dict[str, str]:
    """Return what our programs get. No other PAYYMO_* passes: it may name a live provider."""
    secrets = home.secrets()
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("PAYYMO_")}
    return inherited | {
        "PYTHONUNBUFFERED": "1",
        "PAYYMO_DATABASE_URL": servers.database_url,
        "PAYYMO_REDIS_URL": servers.redis_url,
        "PAYYMO_ENCRYPTION_KEYS": secrets.encryption_keys,
        "PAYYMO_API_KEY_PEPPER": secrets.api_key_pepper,
        "PAYYMO_METRICS_TOKEN": secrets.metrics_token,
        "PAYYMO_ENVIRONMENT": "test",
        "PAYYMO_HOST": LOOPBACK,
        "PAYYMO_PORT": str(addresses.port),
        "PAYYMO_PUBLIC_URL": addresses.base_url,
        "PAYYMO_GOCARDLESS_URL": addresses.sandbox_url,
        "PAYYMO_GOCARDLESS_SECRET_ID": SECRET_ID,
        "PAYYMO_GOCARDLESS_SECRET_KEY": SECRET_KEY,
        "PAYYMO_STRIPE_URL": addresses.sandbox_url,
        "PAYYMO_STRIPE_CONNECT_URL": addresses.sandbox_url,
        "PAYYMO_STRIPE_SECRET_KEY": stripe.SECRET_KEY,
        "PAYYMO_STRIPE_CLIENT_ID": stripe.CLIENT_ID,
        "PAYYMO_STRIPE_PUBLISHABLE_KEY": stripe.PUBLISHABLE_KEY,
        "PAYYMO_WEBHOOK_ALLOW_LOOPBACK": "true",
    }
