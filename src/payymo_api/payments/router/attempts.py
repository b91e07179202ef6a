"""What a route needs that has something done at Stripe."""

from typing import Annotated

from fastapi import Depends

from payymo_api.edge.openapi import problem
from payymo_api.edge.scope import EffectDep
from payymo_api.payments.errors import StripeDeclined
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.rules.declines import DECLINES
from payymo_api.payments.schemas.payments import PaymentDecline
from payymo_api.payments.service.attempts import Attempt

_FUNDS = DECLINES["insufficient_funds"]
_SAMPLE = StripeDeclined(_FUNDS.payer, _FUNDS.told("card_declined"), None)
_SAMPLE.payment_id = "sp_06ghq1m2dpuh5c9s2rcmo3g8d4"
DECLINED = problem(_SAMPLE, decline=PaymentDecline)
"""What the document says of a 402."""


async def begin_attempt(stripes: StripesDep, effect: EffectDep) -> Attempt:
    return Attempt(
        effect.database, stripes, effect.tenant_id, effect.id, effect.began_at, effect.repeated
    )


AttemptDep = Annotated[Attempt, Depends(begin_attempt)]
