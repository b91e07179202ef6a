"""How a command runs: settings, servers that answer, and refusals that are one line."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError

from payymo_api.core import log
from payymo_api.core.db import Database
from payymo_api.core.errors import Overloaded, PayymoError
from payymo_api.core.settings import Settings

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def read_settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"PAYYMO_{'_'.join(str(part) for part in first['loc']).upper()}"
        fail(f"{name}: {first['msg']}")
    log.configure(settings.log_level)
    return settings


def run_once(make: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Run one use case; a refusal or an outage is one line."""
    settings = read_settings()

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
        fail(f"PAYYMO_DATABASE_URL: {error.detail}" if outage else error.detail)


def show(found: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(found) if as_json else "\n".join(f"{k}: {v}" for k, v in found.items()))


def fail(line: str) -> NoReturn:
    typer.echo(f"payymo: {line}", err=True)
    raise typer.Exit(2)


def first_line(error: Exception) -> str:
    return str(error.__cause__ or error).splitlines()[0]


def check_reachable(settings: Settings) -> None:
    """Fail with one line unless PostgreSQL (migrated) and Redis answer."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    async def reach() -> str | None:
        database = Database.of(settings)
        try:
            async with database.system() as session:
                await session.execute(text("SELECT 1 FROM tenants LIMIT 1"))
        except (PayymoError, SQLAlchemyError, OSError) as error:
            return f"PAYYMO_DATABASE_URL: the database can't be used: {first_line(error)}"
        finally:
            await database.close()
        return await _why_no_redis(settings.redis_url)

    if reason := asyncio.run(reach()):
        fail(reason)


async def _why_no_redis(url: str) -> str | None:
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    redis = Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    try:
        await redis.ping()
    except (RedisError, OSError) as error:
        return f"PAYYMO_REDIS_URL: Redis can't be reached: {first_line(error)}"
    finally:
        await redis.aclose()
    return None
