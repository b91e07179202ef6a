"""The tester's hand in the sandbox itself: reset, time, faults, calls. Mounted at /sandbox."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.clock import SandboxClock
from payymo_api.sandbox.faults import Fault, Faults
from payymo_api.sandbox.gocardless import control as gocardless
from payymo_api.sandbox.gocardless.refusals import CATALOGUE, render
from payymo_api.sandbox.gocardless.request import bank_of
from payymo_api.sandbox.stripe import control as stripe
from payymo_api.sandbox.stripe.refusals import FAULTS
from payymo_api.sandbox.stripe.request import platform_of
from payymo_api.sandbox.tester import ControlError, asked


def _clock(request: Request) -> SandboxClock:
    return cast("SandboxClock", request.app.state.clock)


def _faults(request: Request) -> Faults:
    return cast("Faults", request.app.state.faults)


async def reset(request: Request) -> Response:
    """As if newly started; `{"seed": "…"}` for other lines."""
    body = await asked(request)
    _clock(request).reset()
    _faults(request).reset()
    bank_of(request).reset(
        str(body.get("seed", request.app.state.seed)),
        int(body.get("allowance", request.app.state.allowance)),
    )
    platform_of(request).reset(str(body.get("seed", request.app.state.seed)))
    return Response(status_code=204)


async def time(request: Request) -> Response:
    """PUT `{"at": "2026-03-02T09:00:00Z"}` or `{"advance_seconds": 86400}`."""
    if request.method == "PUT":
        body = await asked(request)
        if "at" in body:
            _clock(request).set(datetime.fromisoformat(body["at"]))
        _clock(request).advance(float(body.get("advance_seconds", 0)))
        platform_of(request).bring_forward()
    return JSONResponse({"now": rfc3339(_clock(request).now())})


async def faults(request: Request) -> Response:
    """POST adds one (`faults.Fault`'s fields, or `error` by its name); DELETE removes all."""
    waiting = _faults(request).waiting
    if request.method == "POST":
        waiting.append(_fault(await asked(request)))
    if request.method == "DELETE":
        waiting.clear()
    return JSONResponse([asdict(fault) for fault in waiting])


def _fault(body: dict[str, Any]) -> Fault:
    """`error` names a body of the catalogue, `words` fill it in, `reset` are a 429's seconds."""
    error, words, seconds = (body.pop(name, None) for name in ("error", "words", "reset"))
    if seconds is not None:
        words = {"TIMES": 300, "PERIOD": "minute", "SECONDS": seconds} | (words or {})
        limits = {"limit": 300, "remaining": 0, "reset": seconds}
        body["headers"] = {f"http_x_ratelimit_{name}": str(value) for name, value in limits.items()}
    if error is not None:
        status, said = _said(error, words or {})
        body = {"status": status, "body": said} | body
    unknown = body.keys() - {field.name for field in fields(Fault)}
    if unknown:
        raise ControlError(f"a fault has no {', '.join(sorted(unknown))}")
    return Fault(**body)


def _said(error: str, words: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if error in FAULTS:
        return FAULTS[error]["status"], FAULTS[error]["body"]
    if error in CATALOGUE:
        return render(error, **words)
    raise ControlError(f"no error is named {error}: see GET /sandbox/errors")


async def errors(_request: Request) -> Response:
    return JSONResponse(CATALOGUE | FAULTS)


async def calls(request: Request) -> Response:
    """What the providers' paths received, oldest first; DELETE forgets."""
    if request.method == "DELETE":
        _faults(request).calls.clear()
    return JSONResponse([call.wire() for call in _faults(request).calls])


async def misused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


ROUTES: list[BaseRoute] = [
    Mount(
        "/sandbox",
        routes=[
            Route("/reset", reset, methods=["POST"]),
            Route("/clock", time, methods=["GET", "PUT"]),
            Route("/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/errors", errors),
            Route("/calls", calls, methods=["GET", "DELETE"]),
            Mount("/gocardless", routes=gocardless.ROUTES),
            Mount("/stripe", routes=stripe.ROUTES),
        ],
    )
]
