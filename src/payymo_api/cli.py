"""`payymo …`: one command a line, each calls one function."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
import uvicorn
import uvloop
from alembic.config import Config
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from alembic import command
from payymo_api import worker
from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import Overloaded, PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId, parse_public_id, public_id
from payymo_api.edge.caller import Plan
from payymo_api.edge.state import Parts
from payymo_api.local.demo import demo as run_demo
from payymo_api.local.dev import dev as run_dev
from payymo_api.local.errors import CannotStart
from payymo_api.main import build_parts, create_app
from payymo_api.messaging.queue import QueueName
from payymo_api.sandbox.app import serve as serve_sandbox
from payymo_api.tenants import service as tenants
from payymo_api.tenants.schemas import KeyRequest

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
worker_app = typer.Typer(no_args_is_help=True, help="Run a worker.")
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(worker_app, name="worker")
app.add_typer(tenant_app, name="tenant")
app.add_typer(key_app, name="key")

_ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
DataFolder = Annotated[Path, typer.Option(help="Where the data stays.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def api() -> None:
    """Serve the HTTP API."""
    settings = _settings()
    _check_reachable(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=10,
    )


@worker_app.command("sync")
def work_on_sync() -> None:
    """Read banks and match what they bring."""
    _work("sync")


@worker_app.command("webhook")
def work_on_webhooks() -> None:
    """Deliver events to customers' endpoints."""
    _work("webhook")


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head") -> None:
    """Bring the database's schema to a revision (up, or down)."""
    settings = _settings()
    config = Config(str(_ROOT / "alembic.ini"))
    config.attributes["url"] = settings.database_url
    step = command.downgrade if revision == "base" else command.upgrade
    try:
        step(config, revision)
    except (OSError, SQLAlchemyError) as error:
        _fail(f"PAYYMO_DATABASE_URL: the database can't be migrated: {_first_line(error)}")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    document = create_app(_settings()).openapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8001,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Simulate the providers over HTTP (development)."""
    serve_sandbox(host, port)


@app.command()
def dev(folder: DataFolder = Path(".payymo")) -> None:
    """Keep everything up on embedded servers, with a demo tenant, until Ctrl-C (development)."""
    _locally(lambda: run_dev(folder))


@app.command()
def demo(folder: DataFolder = Path(".payymo/demo"), *, as_json: AsJson = False) -> None:
    """Run the main job from end to end on embedded servers, and print what happened."""
    _locally(lambda: run_demo(folder, as_json=as_json))


@tenant_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Option(help="The tenant's name.")],
    plan: Annotated[str, typer.Option(help="standard or premium.")] = "standard",
    *,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    if plan not in {"standard", "premium"}:
        _fail("--plan is standard or premium")
    chosen: Plan = "premium" if plan == "premium" else "standard"

    async def make(parts: Parts) -> TenantId:
        return await tenants.create_tenant(parts.database, name=name, plan=chosen)

    _print({"id": public_id("tenant", _run(make)), "name": name, "plan": plan}, as_json=as_json)


@key_app.command("create")
def create_key(
    tenant: Annotated[str, typer.Option(help="The tenant's id.")],
    name: Annotated[str, typer.Option(help="What the key is for.")] = "first key",
    per_minute: Annotated[int | None, typer.Option(min=1, help="Requests a minute.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key that may do everything; it is shown this once."""
    try:
        tenant_id = TenantId(parse_public_id("tenant", tenant))
    except ValueError as error:
        _fail(f"--tenant: {error}")

    async def make(parts: Parts) -> dict[str, Any]:
        async with parts.database.scope(tenant_id) as scope:
            made = await tenants.create_key(
                scope,
                parts.callers,
                parts.settings.environment,
                KeyRequest(name=name),
                per_minute=per_minute,
            )
        return {"id": public_id("key", made.row.id), "tenant_id": tenant, "key": made.key}

    _print(_run(make), as_json=as_json)


def _locally(run: Callable[[], None]) -> None:
    try:
        run()
    except CannotStart as error:
        _fail(str(error))


def _work(queue: QueueName) -> None:
    """Run a worker until SIGTERM or SIGINT, which let its jobs end."""
    settings = _settings()

    async def run() -> None:
        working = asyncio.create_task(worker.run(settings, queue))
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, working.cancel)
        with suppress(asyncio.CancelledError):
            await working

    _check_reachable(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _check_reachable(settings: Settings) -> None:
    """Fail with one line unless PostgreSQL (migrated) and Redis answer."""

    async def reach() -> str | None:
        database = Database.of(settings)
        try:
            async with database.system() as session:
                await session.execute(text("SELECT 1 FROM tenants LIMIT 1"))
        except (PayymoError, SQLAlchemyError, OSError) as error:
            return f"PAYYMO_DATABASE_URL: the database can't be used: {_first_line(error)}"
        finally:
            await database.close()
        return await _why_no_redis(settings.redis_url)

    if reason := asyncio.run(reach()):
        _fail(reason)


async def _why_no_redis(url: str) -> str | None:
    redis = Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        return f"PAYYMO_REDIS_URL: Redis can't be reached: {_first_line(error)}"
    finally:
        await redis.aclose()
    return None


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"PAYYMO_{'_'.join(str(part) for part in first['loc']).upper()}"
        _fail(f"{name}: {first['msg']}")
    log.configure(settings.log_level)
    return settings


def _run(make: Callable[[Parts], Awaitable[T]]) -> T:
    """Run one use case with its own parts; a refusal or an outage is one line."""
    settings = _settings()

    async def run() -> T:
        parts = build_parts(settings)
        try:
            return await make(parts)
        finally:
            await parts.limits.redis.aclose()
            await parts.database.close()

    try:
        return asyncio.run(run())
    except PayymoError as error:
        outage = isinstance(error, Overloaded)
        _fail(f"PAYYMO_DATABASE_URL: {error.detail}" if outage else error.detail)


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def _fail(line: str) -> NoReturn:
    typer.echo(f"payymo: {line}", err=True)
    raise typer.Exit(2)


def _first_line(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]
