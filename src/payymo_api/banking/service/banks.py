"""The providers that this process can reach, by name."""

from collections.abc import Mapping
from dataclasses import dataclass

from payymo_api.banking.errors import ProviderNotConfigured
from payymo_api.banking.gateway import BankGateway
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.repository.provider import SealedTokens
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Banks:
    gateways: Mapping[str, BankGateway]

    def of(self, provider: str) -> BankGateway:
        """Return the provider's gateway; ProviderNotConfigured without credentials for it."""
        if provider not in self.gateways:
            raise ProviderNotConfigured(f"There are no credentials for {provider}.")
        return self.gateways[provider]

    async def aclose(self) -> None:
        for gateway in self.gateways.values():
            await gateway.aclose()


def open_banks(settings: Settings, database: Database, keyring: Keyring) -> Banks:
    """Make a gateway for each provider that the settings have credentials for."""
    id, key = settings.gocardless_secret_id, settings.gocardless_secret_key
    if id is None or key is None:
        return Banks({})
    gocardless = GoCardless(
        settings.gocardless_url,
        secret_id=id.get_secret_value(),
        secret_key=key.get_secret_value(),
        token_store=SealedTokens(database, keyring, "gocardless"),
    )
    return Banks({"gocardless": gocardless})
