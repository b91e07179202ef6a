"""Where the bank sends the account holder back to: public, and useless without a live state."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from payymo_api.banking.router.banks import BanksDep
from payymo_api.banking.service.consent import come_back as complete
from payymo_api.edge.state import DatabaseDep

router = APIRouter(prefix="/api/v1/bank_connections", include_in_schema=False)

_USED_UP = """<!doctype html><html lang=en><meta charset=utf-8><title>Link used up</title>
<h1>This link can't be used (again)</h1>
<p>Go back to where you started, and begin anew if the bank is not connected.</p></html>"""


@router.get("/callback", name="come_back")
async def come_back(
    database: DatabaseDep,
    banks: BanksDep,
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Use the state once, then send the account holder to the tenant's own page."""
    back = await complete(database, banks, state)
    if back is None:
        return HTMLResponse(_USED_UP, status_code=400)
    return RedirectResponse(back.url, status_code=303)
