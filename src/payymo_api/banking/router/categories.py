from typing import Annotated

from fastapi import Query

from payymo_api.banking.repository.categories import (
    ApplicationRepository,
    MemoryRepository,
    RuleRepository,
)
from payymo_api.banking.rules.categories import DEFAULT_CATEGORIES
from payymo_api.banking.schemas.categories import (
    ApplicationAnswer,
    CategoriesAnswer,
    CategoryAnswer,
    MemoryAnswer,
    PreviewAnswer,
    PreviewRequest,
    RuleAnswer,
    RuleRequest,
)
from payymo_api.banking.service import applying
from payymo_api.banking.service import rules as service
from payymo_api.core.fields import Listing, Paging
from payymo_api.core.refs import ApplicationRef, MemoryRef, RuleRef
from payymo_api.edge.route import IfMatchDep, api_router
from payymo_api.edge.scope import ScopeDep

categories = api_router("/categories", "categories")
rules = api_router("/category_rules", "categories")
memories = api_router("/category_memories", "categories")


@categories.get("")
async def list_categories() -> CategoriesAnswer:
    """List the default categories, parents before their children.

    A transaction or a rule may have any code, also one of your own: what stands before its last dot
    is its parent.
    """
    return CategoriesAnswer(
        data=[CategoryAnswer.model_validate(each) for each in DEFAULT_CATEGORIES]
    )


@rules.get("")
async def list_category_rules(
    scope: ScopeDep, paging: Annotated[Paging, Query()]
) -> Listing[RuleAnswer]:
    """List rules in the order in which they decide: by priority, then the older first."""
    page = await RuleRepository(scope).page(paging.cursor, paging.limit)
    return Listing[RuleAnswer].of(page, RuleAnswer.model_validate)


@rules.post("", status_code=201)
async def create_category_rule(scope: ScopeDep, request: RuleRequest) -> RuleAnswer:
    """Make a rule for the transactions that come from now on; up to 500 rules.

    Transactions that are there get it by POST /api/v1/category_rules/apply.
    """
    return RuleAnswer.model_validate(await service.create_rule(scope, request))


@rules.post("/preview")
async def preview_category_rule(scope: ScopeDep, request: PreviewRequest) -> PreviewAnswer:
    """Try a rule without keeping it: which of the newest 20,000 transactions would change."""
    return await service.preview(scope, request)


@rules.post("/apply", status_code=202)
async def apply_category_rules(scope: ScopeDep) -> ApplicationAnswer:
    """Decide anew about all transactions, as if they came now; what a user has chosen stays.

    Every change is announced as `transaction.updated` to endpoints with `each_line`; the others get
    one `transactions.categorised` in the end.
    """
    return ApplicationAnswer.model_validate(await applying.ask(scope))


@rules.get("/applications/{application_id}")
async def get_rule_application(
    scope: ScopeDep, application_id: ApplicationRef
) -> ApplicationAnswer:
    """Read how far an application of the rules has come."""
    return ApplicationAnswer.model_validate(await ApplicationRepository(scope).get(application_id))


@rules.get("/{rule_id}")
async def get_category_rule(scope: ScopeDep, rule_id: RuleRef) -> RuleAnswer:
    """Read one rule."""
    return RuleAnswer.model_validate(await RuleRepository(scope).get(rule_id))


@rules.put("/{rule_id}")
async def replace_category_rule(
    scope: ScopeDep, rule_id: RuleRef, request: RuleRequest, if_match: IfMatchDep
) -> RuleAnswer:
    """Replace a rule; what is left out is asked for no more."""
    return RuleAnswer.model_validate(await service.replace_rule(scope, rule_id, request, if_match))


@rules.delete("/{rule_id}", status_code=204)
async def delete_category_rule(scope: ScopeDep, rule_id: RuleRef) -> None:
    """Delete a rule; transactions keep the category it gave them until rules are applied anew."""
    await service.delete_rule(scope, rule_id)


@memories.get("")
async def list_category_memories(
    scope: ScopeDep, paging: Annotated[Paging, Query()]
) -> Listing[MemoryAnswer]:
    """List what was remembered of counterparties, the newest first."""
    page = await MemoryRepository(scope).page(paging.cursor, paging.limit)
    return Listing[MemoryAnswer].of(page, MemoryAnswer.model_validate)


@memories.delete("/{memory_id}", status_code=204)
async def forget_category_memory(scope: ScopeDep, memory_id: MemoryRef) -> None:
    """Forget one; transactions that have its category keep it until rules are applied anew."""
    await service.forget(scope, memory_id)
