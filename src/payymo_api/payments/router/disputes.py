from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import DisputeRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.disputes import DisputeRepository
from payymo_api.payments.schemas.disputes import DisputeAnswer, DisputeFilters
from payymo_api.payments.service.answers import dispute_answer

router = api_router("/stripe/disputes", "stripe_disputes")


@router.get("")
async def list_stripe_disputes(
    scope: ScopeDep, filters: Annotated[DisputeFilters, Query()]
) -> Listing[DisputeAnswer]:
    """List what payers dispute at their banks, the newest first."""
    return Listing[DisputeAnswer].of(await DisputeRepository(scope).page(filters), dispute_answer)


@router.get("/{dispute_id}")
async def get_stripe_dispute(scope: ScopeDep, dispute_id: DisputeRef) -> DisputeAnswer:
    """Read one dispute: its state, and until when it must be answered at Stripe."""
    return dispute_answer(await DisputeRepository(scope).get(dispute_id))
