from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from payymo_api.core.repository import TenantRepository
from payymo_api.core.types import MatchingRunId, new_id
from payymo_api.reconciliation.models import MatchingRun


class MatchingRunRepository(TenantRepository[MatchingRun]):
    model = MatchingRun

    async def queue(self, requested_by: str) -> tuple[MatchingRun, bool]:
        """Return the run that waits, and whether it is new."""
        made = await self._session.scalar(
            insert(MatchingRun)
            .values(
                tenant_id=self._tenant_id, id=MatchingRunId(new_id()), requested_by=requested_by
            )
            .on_conflict_do_nothing(
                index_elements=[MatchingRun.tenant_id], index_where=text("status = 'queued'")
            )
            .returning(MatchingRun)
        )
        if made:
            return made, True
        waiting = self.select().where(MatchingRun.status == "queued").with_for_update()
        found = (await self._session.scalars(waiting)).first()
        return (found, False) if found else await self.queue(requested_by)
