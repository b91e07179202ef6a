"""What the platform keeps for all tenants: provider tokens (sealed) and lists of banks."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from payymo_api.banking.gateway import Institution, Tokens
from payymo_api.banking.models import InstitutionList, ProviderToken
from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring, Undecipherable
from payymo_api.core.db import Database

_LIST_LIFE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """A TokenStore in PostgreSQL: one row per provider, encrypted and bound to it."""

    database: Database
    keyring: Keyring
    provider: str

    async def load(self) -> Tokens | None:
        """Return the pair, or None when there is none or no key of the ring opens it."""
        statement = select(ProviderToken.sealed).where(ProviderToken.provider == self.provider)
        async with self.database.system() as session:
            sealed = await session.scalar(statement)
        if sealed is None:
            return None
        try:
            told = orjson.loads(self.keyring.decrypt(sealed, bound_to=self._row))
        except Undecipherable:
            return None
        return Tokens(
            access=told["access"],
            access_expires_at=datetime.fromisoformat(told["access_expires_at"]),
            refresh=told["refresh"],
            refresh_expires_at=datetime.fromisoformat(told["refresh_expires_at"]),
        )

    async def save(self, tokens: Tokens) -> None:
        sealed = self.keyring.encrypt(orjson.dumps(asdict(tokens)), bound_to=self._row)
        statement = insert(ProviderToken).values(provider=self.provider, sealed=sealed)
        async with self.database.system() as session:
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=[ProviderToken.provider],
                    set_={"sealed": sealed, "updated_at": func.now()},
                )
            )

    @property
    def _row(self) -> str:
        return f"provider_tokens:{self.provider}"


@dataclass(frozen=True, slots=True)
class KeptList:
    institutions: Sequence[Institution]
    is_fresh: bool


async def kept_institutions(database: Database, provider: str, country: str) -> KeptList | None:
    statement = select(InstitutionList).where(
        InstitutionList.provider == provider, InstitutionList.country == country
    )
    async with database.system() as session:
        row = await session.scalar(statement)
    if row is None:
        return None
    is_fresh = row.fetched_at > now() - _LIST_LIFE
    return KeptList([institution(each) for each in row.institutions], is_fresh)


async def keep_institutions(
    database: Database, provider: str, country: str, institutions: Sequence[Institution]
) -> None:
    listed = [asdict(each) for each in institutions]
    statement = insert(InstitutionList).values(
        provider=provider, country=country, institutions=listed, fetched_at=now()
    )
    async with database.system() as session:
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[InstitutionList.provider, InstitutionList.country],
                set_={"institutions": listed, "fetched_at": statement.excluded.fetched_at},
            )
        )


def institution(kept: dict[str, Any]) -> Institution:
    """Read back what `asdict` wrote."""
    return Institution(**kept | {"countries": tuple(kept["countries"])})
