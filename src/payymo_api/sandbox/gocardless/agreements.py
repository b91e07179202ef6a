"""End user agreements: how much of an account, how far back and for how long."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.gocardless.bank import Agreement
from payymo_api.sandbox.gocardless.institutions import Wire
from payymo_api.sandbox.gocardless.refusals import Refusal
from payymo_api.sandbox.gocardless.request import (
    bank_of,
    body_of,
    institution_of,
    paged,
    path_id,
    whole,
)

_SCOPES = ["balances", "details", "transactions"]
_DAYS = 90  # of history and of access, where the request names none; reconfirmable only above
_KNOWN = {
    "institution_id",
    "max_historical_days",
    "access_valid_for_days",
    "access_scope",
    "reconfirmation",
}


async def agreements(request: Request) -> Response:
    return paged(request, [agreement.wire() for agreement in bank_of(request).agreements.values()])


async def new_agreement(request: Request) -> Response:
    return JSONResponse(agree(request, await body_of(request, _KNOWN)).wire(), 201)


def agree(request: Request, body: Wire) -> Agreement:
    """Keep an agreement to the terms of `body`, if the bank grants them."""
    bank = bank_of(request)
    institution = institution_of(body)
    agreement = Agreement(
        id=str(uuid4()),
        created=bank.clock.now(),
        institution_id=institution["id"],
        max_historical_days=_history(body, institution),
        access_valid_for_days=_access(body, institution),
        access_scope=_scope(body),
        reconfirmation=_reconfirmation(body, institution),
    )
    bank.agreements[agreement.id] = agreement
    return agreement


def _history(body: Wire, institution: Wire) -> int:
    most = int(institution["transaction_total_days"])
    days = whole(body.get("max_historical_days", _DAYS))
    if days is None or not 0 < days <= most:
        raise Refusal("MaxHistoricalDaysFieldErrors", INSTITUTION=institution["id"], DAYS=most)
    return days


def _access(body: Wire, institution: Wire) -> int:
    most = int(institution["max_access_valid_for_days"])
    days = whole(body.get("access_valid_for_days", _DAYS))
    if days is None or not 0 < days <= most:
        raise Refusal("AccessValidForDaysFieldErrors", MOST_DAYS=most)
    return days


def _scope(body: Wire) -> list[str]:
    scope: list[Any] = body.get("access_scope", _SCOPES)
    if not scope:
        raise Refusal("AccessScopeFieldErrors", variant=4)
    for part in scope:
        if part not in _SCOPES:
            raise Refusal("AccessScopeFieldErrors", variant=0, SCOPE=part)
    return scope


def _reconfirmation(body: Wire, institution: Wire) -> bool:
    if not body.get("reconfirmation"):
        return False
    if "reconfirmation" not in institution["supported_features"]:
        raise Refusal("ReconfirmationFieldErrors", INSTITUTION=institution["id"])
    if int(body.get("access_valid_for_days", _DAYS)) <= _DAYS:
        raise Refusal("ReconfirmationIsNotAllowed")
    return True


def agreement_of(request: Request) -> Agreement:
    agreement = bank_of(request).agreements.get(path_id(request))
    if agreement is None:
        raise Refusal("NotFoundError")
    return agreement


async def agreement(request: Request) -> Response:
    return JSONResponse(agreement_of(request).wire())


async def delete_agreement(request: Request) -> Response:
    found = agreement_of(request)
    if found.accepted is None:
        raise Refusal("EUANeedsToBeAccepted", ID=found.id)
    del bank_of(request).agreements[found.id]
    detail = f"End User Agreement {found.id} deleted"
    return JSONResponse({"summary": "End User Agreement deleted", "detail": detail})


async def accept_agreement(request: Request) -> Response:
    """Few companies may accept in the user's name; this one may not."""
    found = agreement_of(request)
    raise Refusal("EUAAccepted" if found.accepted else "InsufficientPermissions")


async def reconfirmation(request: Request) -> Response:
    """GET tells of the one asked for before; POST asks for a new one."""
    found = agreement_of(request)
    if not found.reconfirmation:
        raise Refusal("ReconfirmationNotEnabled", ID=found.id)
    if request.method == "GET":
        if found.reconfirmed is None:
            raise Refusal("NotFoundError")
        return JSONResponse(found.reconfirmed)
    body = await body_of(request, {"redirect"})
    found.reconfirmed = _new_reconfirmation(request, found, body.get("redirect"))
    return JSONResponse(found.reconfirmed, 201)


def _new_reconfirmation(request: Request, agreement: Agreement, redirect: str | None) -> Wire:
    bank = bank_of(request)
    if agreement.accepted is None or agreement.ends is None:
        raise Refusal("EUANeedsToBeAccepted", ID=agreement.id)
    linked = [item for item in bank.requisitions.values() if item.agreement_id == agreement.id]
    if not linked or not linked[0].accounts:
        raise Refusal("NoAccountsLinked", ID=linked[0].id if linked else agreement.id)
    now = bank.clock.now()
    if agreement.ended(now):
        raise Refusal("ReconfirmationAfterAcceptancePeriod", ID=agreement.id, MOMENT=agreement.ends)
    return {
        "reconfirmation_url": f"{request.base_url}psd2/reconfirm/{agreement.id}",
        "created": rfc3339(now),
        "url_valid_from": rfc3339(now),
        "url_valid_to": rfc3339(min(agreement.ends, now + timedelta(days=14))),
        "redirect": redirect,
        "last_accessed": None,
        "last_submitted": None,
        "accounts": {id: {"reconfirmed": "", "rejected": ""} for id in linked[0].accounts},
    }
