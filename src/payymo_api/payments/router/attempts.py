"""What a route needs that has something done at Stripe."""

from typing import Annotated

from fastapi import Depends

from payymo_api.edge.openapi import problem
from payymo_api.edge.scope import EffectDep
from payymo_api.payments.errors import StripeDeclined
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.rules.declines import DECLINES
from payymo_api.payments.service.attempts import Attempt

_FUNDS = DECLINES["insufficient_funds"]
DECLINED = problem(StripeDeclined(_FUNDS.payer, _FUNDS.told("card_declined"), None))
"""What the document says of a 402."""


async def begin_attempt(stripes: StripesDep, effect: EffectDep) -> Attempt:
    return Attempt(
        effect.database, stripes, effect.tenant_id, effect.id, effect.began_at, effect.repeated
    )


AttemptDep = Annotated[Attempt, Depends(begin_attempt)]
