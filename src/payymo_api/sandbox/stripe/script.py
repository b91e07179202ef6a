"""The stand-in for https://js.stripe.com, for pages with a Payment Element."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

_SCRIPT = resources.files(__package__).joinpath("stripe.js").read_text("utf-8")


async def script(_request: Request) -> Response:
    return Response(_SCRIPT, media_type="text/javascript")
