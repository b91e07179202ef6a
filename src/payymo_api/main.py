"""Assemble the HTTP application. No logic lives here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError
from starlette.staticfiles import StaticFiles

from payymo_api.banking import router as banking
from payymo_api.banking.service.banks import Banks, open_banks
from payymo_api.core import log, problems
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.errors import PayymoError
from payymo_api.core.settings import Settings
from payymo_api.edge import openapi, operations
from payymo_api.edge.caller import REFRESHED_SECONDS, Callers
from payymo_api.edge.door import Door
from payymo_api.edge.limits import RateLimits
from payymo_api.edge.state import Parts
from payymo_api.invoicing import router as invoicing
from payymo_api.payments import router as payments
from payymo_api.payments.service.accounts import Stripes, open_stripes
from payymo_api.payments.service.intake import open_intake
from payymo_api.reconciliation import router as reconciliation
from payymo_api.tenants import router as tenants
from payymo_api.tenants.repository import find_callers
from payymo_api.tenants.schemas import RESOURCES
from payymo_api.tenants.service import note_keys_used
from payymo_api.webhooks import router as webhooks
from payymo_api.webhooks.schemas.catalogue.envelope import SAMPLES
from payymo_api.webhooks.service.stream import Streams, open_streams

ROUTERS = (
    banking.transactions,
    banking.institutions,
    banking.connections,
    banking.accounts,
    banking.categories,
    banking.rules,
    banking.memories,
    invoicing.customers,
    invoicing.invoices,
    payments.connections,
    payments.intake,
    payments.payments,
    payments.refunds,
    payments.customers,
    payments.subscriptions,
    payments.invoices,
    payments.products,
    payments.prices,
    payments.disputes,
    payments.payouts,
    payments.balance_transactions,
    reconciliation.matching,
    reconciliation.suggestions,
    reconciliation.learned,
    reconciliation.trace,
    tenants.keys,
    tenants.incidents,
    webhooks.endpoints,
    webhooks.metrics,
    webhooks.deliveries,
    webhooks.events,
    webhooks.stream,
    webhooks.event_types,
)
PUBLIC = (payments.webhooks, banking.callback, payments.callback)
"""For browsers and providers, not for keys."""
DESCRIPTION = """Payymo joins banks, Stripe and billing systems.

Send your API key in `X-API-Key`. Amounts are exact: `amount` has the currency's decimals,
`amount_minor` is the same in minor units. Errors are problem details (RFC 9457) whose `code` is
stable. Lists page by `cursor`. Any POST may carry an `Idempotency-Key`. Times are UTC.
"""
_NOTED_EVERY = 10.0
_log = log.get(__name__)


def create_app(settings: Settings) -> FastAPI:
    parts = build_parts(settings)
    app = FastAPI(
        title="Payymo",
        version="1.0.0",
        summary="Which money settles which invoice.",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.banks = open_banks(settings, parts.database, parts.keyring)
    app.state.stripes = open_stripes(settings, parts.database, parts.keyring)
    app.state.streams = open_streams(settings, parts.database)
    app.state.intake = open_intake(settings, parts.database, parts.keyring)
    problems.install(app, settings.public_url)
    app.add_middleware(Door)
    for router in (*PUBLIC, *ROUTERS, operations.router):
        app.include_router(router)
    app.webhooks.include_router(webhooks.outgoing)
    _serve_docs(app)
    openapi.install(app, RESOURCES, SAMPLES)
    return app


def build_parts(settings: Settings) -> Parts:
    database = Database.of(settings)
    return Parts(
        settings=settings,
        database=database,
        keyring=Keyring.parse(settings.encryption_keys.get_secret_value()),
        callers=Callers(
            settings.api_key_pepper.get_secret_value().encode(), partial(find_callers, database)
        ),
        limits=RateLimits(Redis.from_url(settings.redis_url, socket_timeout=0.5)),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    note_used = partial(note_keys_used, parts.database, parts.callers)
    running = [
        asyncio.create_task(_every(_NOTED_EVERY, parts.limits.count_processes)),
        asyncio.create_task(_every(_NOTED_EVERY, note_used)),
        asyncio.create_task(_every(REFRESHED_SECONDS, parts.callers.refresh)),
    ]
    yield
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    with suppress(PayymoError, SQLAlchemyError):
        await note_keys_used(parts.database, parts.callers)
    streams: Streams = app.state.streams
    await streams.aclose()
    banks: Banks = app.state.banks
    await banks.aclose()
    stripes: Stripes = app.state.stripes
    await stripes.aclose()
    await parts.limits.aclose()
    await parts.database.close()


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
        except (PayymoError, SQLAlchemyError) as error:
            _log.warning("upkeep_failed", cause=type(error).__name__)
        await asyncio.sleep(seconds)


def _serve_docs(app: FastAPI) -> None:
    """Swagger UI and ReDoc from our own origin: no CDN is asked."""
    static = str(files("fastapi_offline") / "static")
    app.mount("/docs/static", StaticFiles(directory=static), name="docs-static")

    async def swagger() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Payymo",
            swagger_js_url="/docs/static/swagger-ui-bundle.js",
            swagger_css_url="/docs/static/swagger-ui.css",
            swagger_favicon_url="/docs/static/favicon.png",
            swagger_ui_parameters={"persistAuthorization": True},
        )

    async def redoc() -> HTMLResponse:
        return get_redoc_html(
            openapi_url="/openapi.json",
            title="Payymo",
            redoc_js_url="/docs/static/redoc.standalone.js",
            redoc_favicon_url="/docs/static/favicon.png",
            with_google_fonts=False,
        )

    app.add_api_route("/docs", swagger, include_in_schema=False)
    app.add_api_route("/redoc", redoc, include_in_schema=False)
