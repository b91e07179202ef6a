"""Where the bank's user says yes or no; a script adds `?approve=1` or `?reject=1` instead."""

from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.gocardless.agreements import agreement_of
from payymo_api.sandbox.gocardless.bank import Agreement, Requisition
from payymo_api.sandbox.gocardless.institutions import INSTITUTIONS
from payymo_api.sandbox.gocardless.request import bank_of
from payymo_api.sandbox.gocardless.requisitions import requisition_of
from payymo_api.sandbox.page import choice, page

_UNDECIDED = {"CR", "GC", "UA", "SA", "GA"}
_FORM = """<form method="post"><button name="approve" value="1">Approve</button>
<button name="reject" value="1">Reject</button></form>"""


async def start(request: Request) -> Response:
    """Show the page; by POST or query, decide and send the user back with `ref`."""
    requisition = requisition_of(request)
    bank_name = INSTITUTIONS[requisition.fixed["institution_id"]]["name"]
    if requisition.status not in _UNDECIDED:
        return page(bank_name, "This link has been used.", status=410)
    chosen = await choice(request)
    if "approve" in chosen:
        bank_of(request).link(requisition)
        return _back(requisition)
    if "reject" in chosen:
        requisition.status = "RJ"
        return _back(
            requisition, error="UserCancelledSession", details="User cancelled the session"
        )
    if "error" in chosen:
        requisition.status = "ER"
        return _back(requisition, error=chosen["error"], details="The bank gave no answer")
    requisition.status = "GC"
    return page(
        bank_name, "Harbour Studio Ltd: share accounts, balances and transactions?", form=_FORM
    )


async def reconfirm(request: Request) -> Response:
    """The user extends the consent without going through the bank again."""
    agreement = agreement_of(request)
    if agreement.reconfirmed is None:
        return page("Reconfirmation", "Nobody asked for this.", status=404)
    if "approve" not in await choice(request):
        return page("Reconfirmation", "Keep sharing these accounts?", form=_FORM)
    _extend(request, agreement, agreement.reconfirmed)
    for requisition in bank_of(request).requisitions.values():
        if requisition.agreement_id == agreement.id:
            return _back(requisition, to=agreement.reconfirmed["redirect"])
    return page("Reconfirmation", "Thank you.")


def _extend(request: Request, agreement: Agreement, told: dict[str, Any]) -> None:
    now = bank_of(request).clock.now()
    accepted = agreement.accepted
    agreement.accept(now)
    agreement.accepted = accepted
    told |= {"last_accessed": rfc3339(now), "last_submitted": rfc3339(now)}
    told["accounts"] = {
        id: {"reconfirmed": rfc3339(now), "rejected": ""} for id in told["accounts"]
    }


def _back(requisition: Requisition, *, to: str | None = None, **query: str) -> Response:
    address = URL(to or requisition.fixed["redirect"])
    return RedirectResponse(
        str(address.include_query_params(ref=requisition.fixed["reference"], **query)), 302
    )
