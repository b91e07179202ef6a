"""Where Stripe Connect sends the owner back to: public, and useless without a live state."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from payymo_api.edge.state import DatabaseDep
from payymo_api.payments.router.stripes import StripesDep
from payymo_api.payments.service.connecting import Outcome
from payymo_api.payments.service.connecting import come_back as complete

router = APIRouter(prefix="/api/v1/stripe/connections", include_in_schema=False)

_USED_UP = """<!doctype html><html lang=en><meta charset=utf-8><title>Link used up</title>
<h1>This link can't be used (again)</h1>
<p>Go back to where you started, and begin anew if the account is not connected.</p></html>"""
Short = Annotated[str, Query(max_length=500)]


@router.get("/callback", name="come_back_from_stripe")
async def come_back(
    database: DatabaseDep,
    stripes: StripesDep,
    state: Short = "",
    code: Short = "",
    error: Short = "",
) -> Response:
    """Use the state once, then send the owner to the tenant's own page."""
    back = await complete(database, stripes, Outcome(state, code, error))
    if back is None:
        return HTMLResponse(_USED_UP, status_code=400)
    return RedirectResponse(back, status_code=303)
