from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from payymo_api.core.repository import TenantRepository
from payymo_api.reconciliation.models import MatchingSettings


class SettingsRepository(TenantRepository[MatchingSettings]):
    model = MatchingSettings

    async def kept(self) -> MatchingSettings | None:
        return await self._session.scalar(self.select())

    async def hold(self) -> None:
        """Let one transaction at a time change them, until it ends; there may be no row yet."""
        key = func.hashtextextended(f"matching_settings:{self._tenant_id}", 0)
        await self._session.execute(func.pg_advisory_xact_lock(key).select())

    async def save(self, values: dict[str, Any]) -> None:
        statement = insert(MatchingSettings).values(tenant_id=self._tenant_id, **values)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[MatchingSettings.tenant_id],
                set_={**values, "updated_at": func.now()},
            )
        )
