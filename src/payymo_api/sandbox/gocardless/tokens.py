"""Tokens, and the institutions that they let one see."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.sandbox.gocardless.bank import ACCESS_SECONDS, REFRESH_SECONDS
from payymo_api.sandbox.gocardless.institutions import INSTITUTIONS, listed
from payymo_api.sandbox.gocardless.refusals import Refusal
from payymo_api.sandbox.gocardless.request import bank_of, body_of


async def new_token(request: Request) -> Response:
    bank = bank_of(request)
    body = await body_of(request, {"secret_id", "secret_key"})
    if (body.get("secret_id"), body.get("secret_key")) != bank.credentials:
        raise Refusal("AuthenticationFailed")
    return JSONResponse(
        {
            "access": bank.issue("access", ACCESS_SECONDS),
            "access_expires": ACCESS_SECONDS,
            "refresh": bank.issue("refresh", REFRESH_SECONDS),
            "refresh_expires": REFRESH_SECONDS,
        }
    )


async def refresh_token(request: Request) -> Response:
    bank = bank_of(request)
    body = await body_of(request, {"refresh"})
    if not bank.accepts("refresh", str(body.get("refresh"))):
        raise Refusal("InvalidToken")
    access = bank.issue("access", ACCESS_SECONDS)
    return JSONResponse({"access": access, "access_expires": ACCESS_SECONDS})


async def institutions(request: Request) -> Response:
    """Filtered by country and by `<feature>_supported`."""
    country = request.query_params.get("country", "").upper()
    if country and country not in _served():
        raise Refusal("NotAValidChoice", COUNTRY=country)
    wires = [wire for wire in INSTITUTIONS.values() if not country or country in wire["countries"]]
    for name, value in request.query_params.items():
        feature = name.removesuffix("_supported")
        if feature == name and name != "country":
            raise Refusal("UnknownFields", FIELD=name, LOCATION="query")
        if value == "true":
            wires = [wire for wire in wires if feature in wire["supported_features"]]
    return JSONResponse([listed(wire) for wire in wires])


def _served() -> set[str]:
    return {country for wire in INSTITUTIONS.values() for country in wire["countries"]}


async def institution(request: Request) -> Response:
    wire = INSTITUTIONS.get(request.path_params["id"])
    if wire is None:
        raise Refusal("NotFoundError")
    return JSONResponse(wire)
