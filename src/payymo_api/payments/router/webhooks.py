"""Where Stripe delivers its events. No API key and no rate limit: the signature is the key.

Stripe sends swarms from few addresses, and a forged delivery costs no more than its HMAC.
"""

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from payymo_api.core.errors import BodyTooLarge, NotFound
from payymo_api.core.types import PREFIXES, StripeConnectionId, parse_public_id
from payymo_api.edge.exact import ExactRequest
from payymo_api.payments.service.intake import Intake, count


class _LeanRoute(APIRoute):
    """A swarm must be answered in time: what FastAPI adds costs more than keeping a message."""

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        response: Response = await self.endpoint(ExactRequest(scope, receive))
        await response(scope, receive, send)


router = APIRouter(prefix="/webhooks", route_class=_LeanRoute, include_in_schema=False)


@router.post("/stripe")
async def take_platform_event(request: Request) -> Response:
    """Events of our platform's endpoint: of the accounts that are connected to it."""
    await _intake(request).take_platform(_signature(request), await _body(request))
    return Response()


@router.post("/stripe/{connection_id}")
async def take_direct_event(request: Request) -> Response:
    """Events of an endpoint that one connection has for itself."""
    id = _connection_id(request.path_params["connection_id"])
    await _intake(request).take_direct(id, _signature(request), await _body(request))
    return Response()


def _intake(request: Request) -> Intake:
    intake: Intake = request.app.state.intake
    return intake


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except BodyTooLarge:
        count("too_large")
        raise


def _signature(request: Request) -> str:
    return request.headers.get("stripe-signature", "")


def _connection_id(text: str) -> StripeConnectionId:
    try:
        return StripeConnectionId(parse_public_id(PREFIXES[StripeConnectionId], text))
    except ValueError as error:
        raise NotFound("There is no such thing here.") from error
