"""The ways to Stripe that this app has, for the routes that ask it."""

from typing import Annotated

from fastapi import Depends, Request

from payymo_api.payments.service.accounts import Stripes


async def get_stripes(request: Request) -> Stripes:
    found = request.app.state.stripes
    assert isinstance(found, Stripes)
    return found


StripesDep = Annotated[Stripes, Depends(get_stripes)]
