"""Rules and memories of categories, and the walks that apply them to the past."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, any_, func, literal, text
from sqlalchemy.dialects.postgresql import ARRAY, insert

from payymo_api.banking.models import CategoryMemory, CategoryRule, RuleApplication
from payymo_api.banking.rules.categorising import Counterparty, Rule
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import ApplicationId, MemoryId, new_id

_FIELDS = tuple(field.name for field in fields(Rule))


class RuleRepository(TenantRepository[CategoryRule]):
    model = CategoryRule
    by_order = Keyset[CategoryRule](
        (CategoryRule.priority, CategoryRule.id),
        lambda row: (row.priority, row.id),
        (int, UUID),
        descending=False,
    )

    async def page(self, cursor: str | None, limit: int) -> Page[CategoryRule]:
        return await self.by_order.page(self._session, self.select(), cursor, limit)

    async def enabled(self) -> list[Rule]:
        columns = [getattr(CategoryRule, name) for name in _FIELDS]
        statement = self.select().where(CategoryRule.enabled).with_only_columns(*columns)
        return [Rule(*row) for row in await self._session.execute(statement)]

    async def count(self) -> int:
        statement = self.select().with_only_columns(func.count())
        return await self._session.scalar(statement) or 0


class MemoryRepository(TenantRepository[CategoryMemory]):
    model = CategoryMemory
    by_id = Keyset[CategoryMemory]((CategoryMemory.id,), lambda row: (row.id,), (UUID,))

    async def page(self, cursor: str | None, limit: int) -> Page[CategoryMemory]:
        return await self.by_id.page(self._session, self.select(), cursor, limit)

    async def of(self, counterparties: Iterable[Counterparty]) -> Mapping[Counterparty, str]:
        """Return what is remembered of these; one query, however many they are."""
        values = {value for _, value, _ in counterparties}
        if not values:
            return {}
        # One array in place of a parameter each; `=` uses the index under row-level security.
        wanted = any_(literal(list(values), ARRAY(Text())))
        return await self._remembered(self.select().where(CategoryMemory.value == wanted))

    async def all(self) -> Mapping[Counterparty, str]:
        return await self._remembered(self.select())

    async def _remembered(self, statement: Select[CategoryMemory]) -> Mapping[Counterparty, str]:
        rows = await self._session.scalars(statement)
        return {(row.known_by, row.value, row.direction): row.category for row in rows}

    async def remember(self, chosen: Mapping[Counterparty, str]) -> None:
        """Keep the category last chosen for each; in one order, so that nobody waits crosswise."""
        rows = [
            {
                "tenant_id": self._tenant_id,
                "id": MemoryId(new_id()),
                "known_by": known_by,
                "value": value,
                "direction": direction,
                "category": category,
            }
            for (known_by, value, direction), category in sorted(chosen.items())
        ]
        if not rows:
            return
        statement = insert(CategoryMemory).values(rows)
        key = ["tenant_id", "value", "known_by", "direction"]
        again: dict[str, Any] = {
            "category": statement.excluded.category,
            "updated_at": func.now(),
        }
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=key,
                set_=again,
                where=CategoryMemory.category != statement.excluded.category,
            )
        )


class ApplicationRepository(TenantRepository[RuleApplication]):
    model = RuleApplication

    async def queue(self) -> tuple[RuleApplication, bool]:
        """Return the application that waits, and whether it is new."""
        made = await self._session.scalar(
            insert(RuleApplication)
            .values(tenant_id=self._tenant_id, id=ApplicationId(new_id()))
            .on_conflict_do_nothing(
                index_elements=[RuleApplication.tenant_id], index_where=text("status = 'queued'")
            )
            .returning(RuleApplication)
        )
        if made:
            return made, True
        waiting = self.select().where(RuleApplication.status == "queued").with_for_update()
        found = (await self._session.scalars(waiting)).first()
        return (found, False) if found else await self.queue()
