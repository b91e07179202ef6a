from typing import Annotated

from fastapi import Query

from payymo_api.core.fields import Listing
from payymo_api.core.refs import RefundRef
from payymo_api.edge.route import api_router
from payymo_api.edge.scope import ScopeDep
from payymo_api.payments.repository.refunds import RefundRepository
from payymo_api.payments.schemas.refunds import RefundAnswer, RefundFilters
from payymo_api.payments.service.answers import refund_answer

router = api_router("/stripe/refunds", "stripe_payments")


@router.get("")
async def list_stripe_refunds(
    scope: ScopeDep, filters: Annotated[RefundFilters, Query()]
) -> Listing[RefundAnswer]:
    """List refunds, newest first."""
    page = await RefundRepository(scope).page(filters)
    return Listing[RefundAnswer].of(page, refund_answer)


@router.get("/{refund_id}")
async def get_stripe_refund(scope: ScopeDep, refund_id: RefundRef) -> RefundAnswer:
    """Read one refund."""
    return refund_answer(await RefundRepository(scope).get(refund_id))
