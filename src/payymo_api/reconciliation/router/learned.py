from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import (
    FactRef,
)
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.repository.words import WordRepository
from payymo_api.reconciliation.schemas.learned import FactAnswer, FactFilters, WordsAnswer
from payymo_api.reconciliation.service.news import (
    fact_answer,
)

router = api_router("/reconciliation", "reconciliation")


@router.get("/learned")
async def list_learned(
    scope: ScopeDep, filters: Annotated[FactFilters, Query()]
) -> Listing[FactAnswer]:
    """List what this tenant's decisions have taught, newest first."""
    return Listing[FactAnswer].of(await LearnedRepository(scope).page(filters), fact_answer)


@router.delete("/learned", status_code=204)
async def forget_everything_learned(scope: ScopeDep) -> None:
    """Forget all that was learned; matches stay as they are."""
    await LearnedRepository(scope).forget_all()


@router.get("/learned/words")
async def get_learned_words(scope: ScopeDep) -> WordsAnswer:
    """Read from how many lines words were learned."""
    return WordsAnswer.model_validate(await WordRepository(scope).summary())


@router.delete("/learned/words", status_code=204)
async def forget_learned_words(scope: ScopeDep) -> None:
    """Forget the words of all lines."""
    await WordRepository(scope).forget()


@router.delete("/learned/{fact_id}", status_code=204)
async def forget_learned(scope: ScopeDep, fact_id: FactRef) -> None:
    """Forget one thing that was learned; matches stay as they are."""
    await LearnedRepository(scope).forget(fact_id)
