"""`payymo …`: one command a line, each calls one function.

A command imports what it runs when it runs: five processes start with the service, and what each
need not load is seconds saved.
"""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import Overloaded, PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import AccountId, TenantId, parse_public_id, public_id
from payymo_api.sandbox.commands import app as sandbox_app

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
worker_app = typer.Typer(no_args_is_help=True, help="Run a worker.")
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(worker_app, name="worker")
app.add_typer(tenant_app, name="tenant")
app.add_typer(key_app, name="key")
app.add_typer(sandbox_app, name="sandbox")

_ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
DataFolder = Annotated[Path, typer.Option(help="Where the data stays.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OfTenant = Annotated[str, typer.Option(help="The tenant's id.")]


@app.command()
def api() -> None:
    """Serve the HTTP API."""
    import uvicorn

    from payymo_api.main import create_app

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
    from payymo_api import worker

    _work(lambda settings: worker.run(settings, "sync"))


@worker_app.command("webhook")
def work_on_webhooks() -> None:
    """Deliver webhooks."""
    from payymo_api import worker

    _work(lambda settings: worker.run(settings, "webhook"))


@app.command()
def migrate(revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head") -> None:
    """Bring the database's schema to a revision; `base` takes it away."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import SQLAlchemyError

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
    from payymo_api.main import create_app

    document = create_app(_settings()).openapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


@app.command()
def dev(folder: DataFolder = Path(".payymo")) -> None:
    """Keep everything up on embedded servers, with a demo tenant, until Ctrl-C (development)."""
    from payymo_api.local.dev import dev as run

    _locally(lambda: run(folder))


@app.command()
def demo(folder: DataFolder = Path(".payymo/demo"), *, as_json: AsJson = False) -> None:
    """Run the main job from end to end on embedded servers, and print what happened."""
    from payymo_api.local.demo import demo as run

    _locally(lambda: run(folder, as_json=as_json))


@tenant_app.command("create")
def create_tenant(
    name: Annotated[str, typer.Option(help="The tenant's name.")],
    plan: Annotated[str, typer.Option(help="standard or premium.")] = "standard",
    *,
    as_json: AsJson = False,
) -> None:
    """Make a tenant."""
    from payymo_api.tenants import service

    if plan not in {"standard", "premium"}:
        _fail("--plan is standard or premium")

    async def make(database: Database, _: Settings) -> TenantId:
        chosen = service.PREMIUM if plan == "premium" else service.STANDARD
        return await service.create_tenant(database, name=name, plan=chosen)

    _print({"id": public_id("tenant", _run(make)), "name": name, "plan": plan}, as_json=as_json)


@key_app.command("create")
def create_key(
    tenant: OfTenant,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "first key",
    per_minute: Annotated[int | None, typer.Option(min=1, help="Requests a minute.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make an API key that may do everything; it is shown this once."""
    from payymo_api.tenants import service

    tenant_id = _tenant(tenant)

    async def make(database: Database, settings: Settings) -> dict[str, Any]:
        made = await service.create_first_key(database, settings, tenant_id, name, per_minute)
        return {"id": public_id("key", made.row.id), "tenant_id": tenant, "key": made.key}

    _print(_run(make), as_json=as_json)


@app.command("import")
def import_statement(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A statement file.")],
    tenant: OfTenant,
    account: Annotated[str | None, typer.Option(help="The account's id.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="For CSV: a mapping as JSON.")
    ] = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Store nothing, print it all.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a bank statement file, as POST /transactions/import does."""
    from payymo_api.banking.service import imports, previews
    from payymo_api.banking.statements import read_file
    from payymo_api.edge import exact

    tenant_id = _tenant(tenant)
    account_id = AccountId(_id("--account", "bacc", account)) if account else None
    order = imports.Order(account_id, _mapping(mapping))

    async def load(database: Database, _: Settings) -> dict[str, Any]:
        read = read_file(file.read_bytes(), file.name)
        async with database.scope(tenant_id) as scope:
            if preview:
                shown = await previews.preview(scope, read, order)
                return dict(json.loads(exact.dump(shown)))
            done = await imports.import_file(scope, read, order)
        return {"format": done.format, "read": done.read, "added": done.added} | {
            "warnings": [each.detail for part in done.imports for each in part.warnings]
        }

    _print(_run(load), as_json=as_json or preview)


@app.command("check-rollups")
def check_rollups(
    tenant: OfTenant,
    *,
    mend: Annotated[bool, typer.Option("--mend", help="Put right what differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the statistics' daily rollups with the lines that they add up; 1 if they differ."""
    from payymo_api.banking.service import rollups

    tenant_id = _tenant(tenant)

    async def check(database: Database, _: Settings) -> int:
        return await rollups.check(database, tenant_id, mend=mend)

    wrong = _run(check)
    _print({"cells_that_differ": wrong, "mended": bool(wrong) and mend}, as_json=as_json)
    if wrong and not mend:
        raise typer.Exit(1)


def _mapping(file: Path | None) -> Any:  # noqa: ANN401  loaded when it is needed
    from payymo_api.banking.schemas.mappings import CsvMapping

    try:
        return CsvMapping.model_validate_json(file.read_bytes()) if file else None
    except ValidationError as error:
        first = error.errors()[0]
        _fail(f"--mapping: {'.'.join(str(step) for step in first['loc'])}: {first['msg']}")


def _tenant(text: str) -> TenantId:
    return TenantId(_id("--tenant", "tenant", text))


def _id(option: str, prefix: str, text: str) -> Any:  # noqa: ANN401  the caller names the kind
    try:
        return parse_public_id(prefix, text)
    except ValueError as error:
        _fail(f"{option}: {error}")


def _work(work: Callable[[Settings], Awaitable[None]]) -> None:
    """Run a worker until SIGTERM or SIGINT, which let its jobs end."""
    import uvloop

    settings = _settings()

    async def run() -> None:
        working = asyncio.ensure_future(work(settings))
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, working.cancel)
        with suppress(asyncio.CancelledError):
            await working

    _check_reachable(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _check_reachable(settings: Settings) -> None:
    """Fail with one line unless PostgreSQL (migrated) and Redis answer."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

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
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    redis = Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        return f"PAYYMO_REDIS_URL: Redis can't be reached: {_first_line(error)}"
    finally:
        await redis.aclose()
    return None


def _locally(run: Callable[[], None]) -> None:
    from payymo_api.local.errors import CannotStart

    try:
        run()
    except CannotStart as error:
        _fail(str(error))


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"PAYYMO_{'_'.join(str(part) for part in first['loc']).upper()}"
        _fail(f"{name}: {first['msg']}")
    log.configure(settings.log_level)
    return settings


def _run(make: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Run one use case; a refusal or an outage is one line."""
    settings = _settings()

    async def run() -> T:
        database = Database.of(settings)
        try:
            return await make(database, settings)
        finally:
            await database.close()

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
