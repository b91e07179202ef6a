"""What those who run the service ask: health, metrics, and what an error code means."""

import hmac
from html import escape
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text

from payymo_api.core.errors import NotFound, PayymoError, Unauthenticated
from payymo_api.core.fields import Answer
from payymo_api.edge.state import PartsDep

router = APIRouter(tags=["operations"])


class Health(Answer):
    status: str
    database: str
    redis: str


@router.get("/health/live", include_in_schema=False)
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready", include_in_schema=False)
async def ready(parts: PartsDep) -> Health:
    """PostgreSQL answers; Redis may be away (limits are then local), so it is only told."""
    async with parts.database.system() as session:
        await session.execute(text("SELECT 1"))
    try:
        await parts.limits.redis.ping()
        redis = "ok"
    except (RedisError, OSError):
        redis = "away"
    return Health(status="ok", database="ok", redis=redis)


@router.get("/metrics", include_in_schema=False)
async def metrics(
    parts: PartsDep, authorization: Annotated[str | None, Header()] = None
) -> Response:
    """Prometheus metrics, for whoever has the token; no tenant is named in them."""
    token = parts.settings.metrics_token
    if token is None:
        raise NotFound("Set PAYYMO_METRICS_TOKEN to have metrics.")
    expected = f"Bearer {token.get_secret_value()}".encode()
    if not hmac.compare_digest((authorization or "").encode(), expected):
        raise Unauthenticated("Send the metrics token as a bearer token.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/errors/{code}", include_in_schema=False)
async def explain(code: str) -> HTMLResponse:
    """The page that a problem's `type` names: cause and cure."""
    error = _errors().get(code)
    if error is None:
        raise NotFound("There is no such error code.")
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(code)}</title>"
        f"<h1>{escape(error.title)}</h1><p>Code <code>{escape(code)}</code>, "
        f"HTTP status {error.status}.</p><h2>What to do</h2>"
        f"<p>{escape(error.resolution)}</p></html>"
    )


def _errors(base: type[PayymoError] = PayymoError) -> dict[str, type[PayymoError]]:
    """Return code -> class; a class that only inherits its code is not a kind of its own."""
    found = {base.code: base}
    for each in base.__subclasses__():
        found = _errors(each) | found if "code" not in vars(each) else found | _errors(each)
    return found
