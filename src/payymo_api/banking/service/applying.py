"""Apply the category rules to the past: a walk in short transactions that any worker may go on."""

from payymo_api.banking.events import RulesApplied, TransactionsCategorised
from payymo_api.banking.models import RuleApplication
from payymo_api.banking.repository import AccountRepository, TransactionRepository
from payymo_api.banking.repository import labels as stored
from payymo_api.banking.repository.categories import ApplicationRepository
from payymo_api.banking.schemas.categories import CategorisedNews
from payymo_api.banking.service.categorising import BATCH, differing, relabel
from payymo_api.banking.service.updates import announce_updated
from payymo_api.core.clock import now
from payymo_api.core.db import Database, Scope
from payymo_api.core.types import ApplicationId, TenantId
from payymo_api.edge import exact
from payymo_api.messaging import outbox


async def ask(scope: Scope) -> RuleApplication:
    """Queue a walk; one that waits already will use the same rules, and is returned."""
    application, is_new = await ApplicationRepository(scope).queue()
    if is_new:
        await outbox.record(scope, RulesApplied(application_id=application.id))
    return application


async def walk(database: Database, tenant_id: TenantId, id: ApplicationId) -> None:
    """Go on from where the walk stands, to the last line."""
    while True:
        async with database.scope(tenant_id) as scope:
            if not await _step(scope, id):
                return


async def _step(scope: Scope, id: ApplicationId) -> bool:
    """Look at the next lines; False when there were none left."""
    application = await ApplicationRepository(scope).get_locked(id)
    if application.status == "succeeded":
        return False
    rows = await stored.after(scope, application.after_id, BATCH)
    changed = await differing(scope, rows)
    if changed:
        # Whoever merges holds the account's lock before it writes lines: nobody waits crosswise.
        accounts = {row.account_id for row in rows if row.id in changed}
        await AccountRepository(scope).lock(accounts)
        lines = await relabel(scope, await TransactionRepository(scope).locked(changed))
        await announce_updated(scope, lines, each_line=True)
        application.changed += len(lines)
    application.status = "running"
    application.checked += len(rows)
    if len(rows) == BATCH:
        application.after_id = rows[-1].id
        return True
    application.status, application.ended_at = "succeeded", now()
    await _tell(scope, application)
    return False


async def _tell(scope: Scope, application: RuleApplication) -> None:
    told = CategorisedNews(
        application_id=application.id, checked=application.checked, changed=application.changed
    )
    if application.changed:
        await outbox.record(scope, TransactionsCategorised(data=exact.dump(told).decode()))
