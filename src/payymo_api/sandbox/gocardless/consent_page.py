"""Where the bank's user says yes or no; a script adds `?approve=1` or `?reject=1` instead."""

from html import escape
from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.gocardless.agreements import agreement_of
from payymo_api.sandbox.gocardless.bank import Agreement, Requisition
from payymo_api.sandbox.gocardless.institutions import INSTITUTIONS
from payymo_api.sandbox.gocardless.request import bank_of
from payymo_api.sandbox.gocardless.requisitions import requisition_of

_UNDECIDED = {"CR", "GC", "UA", "SA", "GA"}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui;max-width:34rem;margin:12vh auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.4rem;margin-right:.6rem}}</style>
<h1>{title}</h1><p>{text}</p>{form}</html>
"""
_FORM = """<form method="post"><button name="approve" value="1">Approve</button>
<button name="reject" value="1">Reject</button></form>"""


async def start(request: Request) -> Response:
    """Show the page; by POST or query, decide and send the user back with `ref`."""
    requisition = requisition_of(request)
    bank_name = INSTITUTIONS[requisition.fixed["institution_id"]]["name"]
    if requisition.status not in _UNDECIDED:
        return _page(bank_name, "This link has been used.", status=410)
    choice = await _choice(request)
    if "approve" in choice:
        bank_of(request).link(requisition)
        return _back(requisition)
    if "reject" in choice:
        requisition.status = "RJ"
        return _back(
            requisition, error="UserCancelledSession", details="User cancelled the session"
        )
    if "error" in choice:
        requisition.status = "ER"
        return _back(requisition, error=choice["error"], details="The bank gave no answer")
    requisition.status = "GC"
    return _page(bank_name, "Harbour Studio Ltd: share accounts, balances and transactions?", _FORM)


async def reconfirm(request: Request) -> Response:
    """The user extends the consent without going through the bank again."""
    agreement = agreement_of(request)
    if agreement.reconfirmed is None:
        return _page("Reconfirmation", "Nobody asked for this.", status=404)
    if "approve" not in await _choice(request):
        return _page("Reconfirmation", "Keep sharing these accounts?", _FORM)
    _extend(request, agreement, agreement.reconfirmed)
    for requisition in bank_of(request).requisitions.values():
        if requisition.agreement_id == agreement.id:
            return _back(requisition, to=agreement.reconfirmed["redirect"])
    return _page("Reconfirmation", "Thank you.")


def _extend(request: Request, agreement: Agreement, told: dict[str, Any]) -> None:
    now = bank_of(request).clock.now()
    accepted = agreement.accepted
    agreement.accept(now)
    agreement.accepted = accepted
    told |= {"last_accessed": rfc3339(now), "last_submitted": rfc3339(now)}
    told["accounts"] = {
        id: {"reconfirmed": rfc3339(now), "rejected": ""} for id in told["accounts"]
    }


async def _choice(request: Request) -> dict[str, str]:
    if request.method != "POST":
        return dict(request.query_params)
    async with request.form() as form:
        return {name: str(value) for name, value in form.items()}


def _back(requisition: Requisition, *, to: str | None = None, **query: str) -> Response:
    address = URL(to or requisition.fixed["redirect"])
    return RedirectResponse(
        str(address.include_query_params(ref=requisition.fixed["reference"], **query)), 302
    )


def _page(title: str, text: str, form: str = "", status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(title=escape(title), text=escape(text), form=form), status)
