from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from payymo_api.banking.models import SavedMapping
from payymo_api.core.errors import NotFound
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import AccountId


class MappingRepository(TenantRepository[SavedMapping]):
    model = SavedMapping

    async def of_account(self, id: AccountId) -> SavedMapping:
        """Return the account's mapping; NotFound if it has none, or is none of this tenant's."""
        found = await self.of(id)
        if found is None:
            raise NotFound("There is no such thing here.")
        return found

    async def of(self, id: AccountId) -> SavedMapping | None:
        return await self._session.scalar(self.select().where(SavedMapping.account_id == id))

    async def save(self, id: AccountId, columns: Sequence[str], mapping: dict[str, Any]) -> None:
        statement = insert(SavedMapping).values(
            tenant_id=self._tenant_id, account_id=id, columns=list(columns), mapping=mapping
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[SavedMapping.tenant_id, SavedMapping.account_id],
                set_={
                    "columns": statement.excluded.columns,
                    "mapping": statement.excluded.mapping,
                    "updated_at": func.now(),
                },
            )
        )

    async def forget(self, id: AccountId) -> None:
        await self._session.execute(
            delete(SavedMapping).where(
                SavedMapping.tenant_id == self._tenant_id, SavedMapping.account_id == id
            )
        )
