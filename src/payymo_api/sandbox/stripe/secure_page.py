"""The bank's 3-D Secure page; a script adds `&approve=1` or `&reject=1` instead of clicking."""

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from payymo_api.sandbox.page import choice, page
from payymo_api.sandbox.stripe.attempts import authenticated
from payymo_api.sandbox.stripe.merchant import Merchant
from payymo_api.sandbox.stripe.refusals import Wire
from payymo_api.sandbox.stripe.request import platform_of

_FORM = """<form method="post"><button name="approve" value="1">Complete</button>
<button name="reject" value="1">Fail</button></form>"""


async def authenticate(request: Request) -> Response:
    """Show the page; by POST or query, decide and send the payer back to the `return_url`."""
    account, id = (str(request.path_params[name]) for name in ("account", "id"))
    for merchant in platform_of(request).merchants.values():
        intent = merchant.tables["payment_intent"].get(id)
        secret = request.query_params.get("client_secret")
        if intent and merchant.account == account and secret == intent["client_secret"]:
            return await _decide(request, merchant, intent)
    return page("3-D Secure", "There is no such payment.", 404)


async def _decide(request: Request, merchant: Merchant, intent: Wire) -> Response:
    if intent["status"] != "requires_action":
        return page("3-D Secure", "This payment needs no authentication.", 410)
    chosen = await choice(request)
    if not chosen.keys() & {"approve", "reject"}:
        amount = f"{intent['amount']} {intent['currency'].upper()} in minor units"
        return page("3-D Secure", f"Pay {amount} to Sandbox Ltd?", form=_FORM)
    authenticated(merchant, intent, passed="approve" in chosen)
    url = merchant.private["return_url"].get(intent["id"])
    if url is None:
        return page("3-D Secure", "Done: you can close this page.")
    paid = intent["status"] in {"succeeded", "requires_capture", "processing"}
    address = URL(url).include_query_params(
        payment_intent=intent["id"],
        payment_intent_client_secret=intent["client_secret"],
        redirect_status="succeeded" if paid else "failed",
    )
    return RedirectResponse(str(address), 303)
