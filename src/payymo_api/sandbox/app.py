"""The sandbox as one ASGI app; its state lives in this process and ends with it."""

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.sandbox import control
from payymo_api.sandbox.clock import SandboxClock
from payymo_api.sandbox.faults import FaultLayer, Faults
from payymo_api.sandbox.gocardless.bank import CALLS_A_DAY, Bank
from payymo_api.sandbox.gocardless.refusals import Refusal, render
from payymo_api.sandbox.gocardless.request import refused
from payymo_api.sandbox.gocardless.routes import ROUTES
from payymo_api.sandbox.stripe import oauth
from payymo_api.sandbox.stripe import request as stripe
from payymo_api.sandbox.stripe.flows import REACTIONS
from payymo_api.sandbox.stripe.platform import Platform
from payymo_api.sandbox.stripe.refusals import Refusal as StripeRefusal
from payymo_api.sandbox.stripe.routes import ROUTES as STRIPE_ROUTES
from payymo_api.sandbox.tester import ControlError

SECRET_ID = "sandbox-secret-id"  # noqa: S105  opens nothing but the sandbox
SECRET_KEY = "sandbox-secret-key"  # noqa: S105  the same


def create_sandbox(
    *,
    seed: str = "payymo",
    allowance: int = CALLS_A_DAY,
    secret_id: str = SECRET_ID,
    secret_key: str = SECRET_KEY,
) -> Starlette:
    """Build one; the same `seed` tells the same lines on the same day."""
    clock, faults = SandboxClock(), Faults()
    app = Starlette(
        routes=[*control.ROUTES, *ROUTES, *STRIPE_ROUTES],
        middleware=[Middleware(FaultLayer, faults=faults, clock=clock)],
        exception_handlers={
            Refusal: refused,
            StripeRefusal: stripe.refused,
            oauth.OAuthRefusal: oauth.refused,
            ControlError: control.misused,
            404: _not_found,
        },
    )
    app.state.clock, app.state.faults = clock, faults
    app.state.seed, app.state.allowance = seed, allowance
    app.state.gocardless = Bank(clock, seed, allowance, (secret_id, secret_key))
    app.state.stripe = Platform(clock, seed, REACTIONS)
    return app


async def _not_found(_request: Request, _error: Exception) -> Response:
    status, body = render("NotFoundError")
    return JSONResponse(body, status)


def serve(host: str, port: int) -> None:
    """Serve until told to stop."""
    uvicorn.run(create_sandbox(), host=host, port=port, ws="none", access_log=False)
