"""Requisitions: a user on the way to the bank, and the accounts that come back."""

from urllib.parse import urlsplit
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.gocardless.agreements import agree
from payymo_api.sandbox.gocardless.bank import Agreement, Requisition
from payymo_api.sandbox.gocardless.institutions import Wire
from payymo_api.sandbox.gocardless.refusals import Refusal
from payymo_api.sandbox.gocardless.request import bank_of, body_of, institution_of, paged, path_id

_KNOWN = {
    "redirect",
    "institution_id",
    "agreement",
    "reference",
    "user_language",
    "ssn",
    "account_selection",
    "redirect_immediate",
}
_LANGUAGE_LETTERS = 5


async def requisitions(request: Request) -> Response:
    return paged(request, [item.wire() for item in bank_of(request).requisitions.values()])


async def new_requisition(request: Request) -> Response:
    body = await body_of(request, _KNOWN)
    _check_requisition(request, body)
    bank = bank_of(request)
    agreement = _chosen_agreement(request, body)
    id = str(uuid4())
    fixed = {
        "id": id,
        "created": rfc3339(bank.clock.now()),
        "redirect": body["redirect"],
        "institution_id": body["institution_id"],
        "agreement": agreement.id,
        "reference": body.get("reference") or id,
        "user_language": body.get("user_language") or "EN",
        "link": f"{request.base_url}psd2/start/{id}/{body['institution_id']}",
        "account_selection": bool(body.get("account_selection")),
        "redirect_immediate": bool(body.get("redirect_immediate")),
    }
    bank.requisitions[id] = Requisition(id, agreement.id, fixed)
    return JSONResponse(bank.requisitions[id].wire(), 201)


def _check_requisition(request: Request, body: Wire) -> None:
    missing = [name for name in ("redirect", "institution_id") if not body.get(name)]
    if missing:
        raise Refusal("FieldsRequired", only=missing)
    institution = institution_of(body)
    address = urlsplit(str(body["redirect"]))
    if not address.scheme or not address.netloc:
        raise Refusal("RedirectFieldErrors", variant=1)
    if len(str(body.get("user_language") or "")) > _LANGUAGE_LETTERS:
        raise Refusal("UserLanguageFieldErrors", LANGUAGE=body["user_language"])
    if body.get("ssn"):
        raise Refusal("SSNFieldErrors", variant=0, INSTITUTION=institution["id"])
    selectable = "account_selection" in institution["supported_features"]
    if body.get("account_selection") and not selectable:
        raise Refusal("AccountSelectionFieldErrors", INSTITUTION=institution["id"])
    reference = body.get("reference")
    if any(item.fixed["reference"] == reference for item in bank_of(request).requisitions.values()):
        raise Refusal("ReferenceFieldErrors", REFERENCE=reference)


def _chosen_agreement(request: Request, body: Wire) -> Agreement:
    """The agreement named, or one of 90 days where the wire names none."""
    bank, id = bank_of(request), body.get("agreement")
    if id is None:
        return agree(request, {"institution_id": body["institution_id"]})
    agreement = bank.agreements.get(_agreement_id(id))
    if agreement is None:
        raise Refusal("AgreementNotFoundErrors", ID=id)
    asked, agreed = body["institution_id"], agreement.institution_id
    if asked != agreed:
        raise Refusal("AgreementInstitutionErrors", INSTITUTION=asked, OTHER_INSTITUTION=agreed)
    for other in bank.requisitions.values():
        if other.agreement_id == id:
            raise Refusal("AgreementFieldErrors", variant=2, ID=id, OTHER_ID=other.id)
    return agreement


def _agreement_id(id: object) -> str:
    try:
        return str(UUID(str(id)))
    except ValueError:
        raise Refusal("AgreementFieldErrors", variant=1, ID=id) from None


def requisition_of(request: Request) -> Requisition:
    found = bank_of(request).requisitions.get(path_id(request))
    if found is None:
        raise Refusal("NotFoundError")
    return found


async def requisition(request: Request) -> Response:
    return JSONResponse(requisition_of(request).wire())


async def delete_requisition(request: Request) -> Response:
    found = requisition_of(request)
    bank_of(request).forget(found)
    detail = f"Requisition {found.id} deleted with all its End User Agreements"
    return JSONResponse({"summary": "Requisition deleted", "detail": detail})
