"""What a route needs that has something done at Stripe."""

from typing import Annotated

from fastapi import Depends

from payymo_api.edge.scope import EffectDep
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.service.attempts import Attempt


async def begin_attempt(stripes: StripesDep, effect: EffectDep) -> Attempt:
    return Attempt(
        effect.database, stripes, effect.tenant_id, effect.id, effect.began_at, effect.repeated
    )


AttemptDep = Annotated[Attempt, Depends(begin_attempt)]
