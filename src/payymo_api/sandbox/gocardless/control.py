"""The tester's hand in the bank: lines, statuses, allowance. Mounted at /sandbox/gocardless."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from payymo_api.sandbox.gocardless.bank import Bank
from payymo_api.sandbox.gocardless.institutions import Holding, Line, Wire
from payymo_api.sandbox.gocardless.request import bank_of
from payymo_api.sandbox.gocardless.statement import bring_forward
from payymo_api.sandbox.tester import ControlError, asked

_ACCOUNT_STATUSES = {"DISCOVERED", "PROCESSING", "ERROR", "EXPIRED", "READY", "SUSPENDED"}
_REQUISITION_STATUSES = {"CR", "GC", "UA", "SA", "GA", "LN", "RJ", "ER", "SU", "EX", "ID"}


async def bank_accounts(request: Request) -> Response:
    """The accounts at the banks, with the ids that consents have given them."""
    bank = bank_of(request)
    return JSONResponse([_told(bank, holding) for holding in bank.holdings.values()])


def _told(bank: Bank, holding: Holding) -> Wire:
    linked = [account.id for account in bank.accounts.values() if account.holding is holding]
    return {
        "iban": holding.iban,
        "institution_id": holding.institution_id,
        "currency": holding.currency,
        "name": holding.name,
        "accounts": linked,
    }


def holding_of(request: Request) -> Holding:
    """By IBAN, or by the id that a consent gave the account."""
    bank, id = bank_of(request), str(request.path_params["account"])
    if id in bank.accounts:
        return bank.accounts[id].holding
    if id not in bank.holdings:
        raise ControlError(f"there is no account {id}")
    return bank.holdings[id]


async def lines(request: Request) -> Response:
    """Every stored line with its key; those of today are still pending and not stored."""
    bank, holding = bank_of(request), holding_of(request)
    bring_forward(holding, bank.seed, bank.clock.today())
    return JSONResponse([_line(line) for line in holding.lines.values()])


async def add_line(request: Request) -> Response:
    """`{"transaction": {…}, "booked": true}`; any object goes, also a broken one.

    With a `key` it is the line of that key, however often it is added.
    """
    body, holding = await asked(request, "transaction"), holding_of(request)
    key, booked = str(body.get("key", uuid4().hex)), bool(body.get("booked", True))
    line = holding.lines[key] = Line(key, booked, body["transaction"])
    return JSONResponse(_line(line), 201)


async def put_lines(request: Request) -> Response:
    """`{"booked": […], "pending": […]}` takes the place of all lines; none are generated then."""
    holding, body = holding_of(request), await asked(request)
    holding.generates = False
    holding.lines.clear()
    for booked in (True, False):
        for wire in body.get("booked" if booked else "pending", []):
            key = uuid4().hex
            holding.lines[key] = Line(key, booked, wire)
    return JSONResponse([_line(line) for line in holding.lines.values()])


async def change_line(request: Request) -> Response:
    """PUT replaces the object or settles a pending line; DELETE removes it."""
    holding, key = holding_of(request), str(request.path_params["key"])
    if key not in holding.lines:
        raise ControlError(f"there is no line {key}")
    if request.method == "DELETE":
        del holding.lines[key]
        return Response(status_code=204)
    line, body = holding.lines[key], await asked(request)
    line.wire = body.get("transaction", line.wire)
    line.booked = body.get("booked", line.booked)
    return JSONResponse(_line(line))


def _line(line: Line) -> Wire:
    return {"key": line.key, "booked": line.booked, "transaction": line.wire}


async def account_status(request: Request) -> Response:
    """`{"status": "SUSPENDED"}` of a linked account."""
    account = bank_of(request).accounts.get(str(request.path_params["account"]))
    status = (await asked(request, "status"))["status"]
    if account is None or status not in _ACCOUNT_STATUSES:
        raise ControlError(f"a linked account takes one of {sorted(_ACCOUNT_STATUSES)}")
    account.status = status
    return JSONResponse(account.wire())


async def quirk_stage(request: Request) -> Response:
    """`{"stage": 1}`: what a bank of `quirks.json` tells from now on."""
    holding = holding_of(request)
    if holding.quirk is None:
        raise ControlError(f"{holding.institution_id} has no oddity")
    holding.stage = int((await asked(request, "stage"))["stage"])
    return JSONResponse({"quirk": holding.quirk, "stage": holding.stage})


async def requisition_status(request: Request) -> Response:
    """`{"status": "EX"}`: its accounts follow."""
    bank = bank_of(request)
    requisition = bank.requisitions.get(str(request.path_params["requisition"]))
    status = (await asked(request, "status"))["status"]
    if requisition is None or status not in _REQUISITION_STATUSES:
        raise ControlError(f"a requisition takes one of {sorted(_REQUISITION_STATUSES)}")
    bank.set_status(requisition, status)
    return JSONResponse(requisition.wire())


async def allowance(request: Request) -> Response:
    """`{"calls": 4}` in 24 hours per account and part, from the next call on."""
    bank_of(request).allowance = int((await asked(request, "calls"))["calls"])
    return JSONResponse({"calls": bank_of(request).allowance})


ROUTES: list[BaseRoute] = [
    Route("/bank_accounts", bank_accounts),
    Route("/accounts/{account}", account_status, methods=["PUT"]),
    Route("/accounts/{account}/quirk", quirk_stage, methods=["PUT"]),
    Route("/accounts/{account}/transactions", lines),
    Route("/accounts/{account}/transactions", add_line, methods=["POST"]),
    Route("/accounts/{account}/transactions", put_lines, methods=["PUT"]),
    Route("/accounts/{account}/transactions/{key}", change_line, methods=["PUT", "DELETE"]),
    Route("/requisitions/{requisition}", requisition_status, methods=["PUT"]),
    Route("/allowance", allowance, methods=["PUT"]),
]
