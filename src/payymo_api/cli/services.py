"""What runs in production: the API, the workers, the schema."""

import asyncio
import gc
import json
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from payymo_api.cli.running import check_reachable, fail, first_line, read_settings
from payymo_api.core.settings import Settings

app = typer.Typer()
worker_app = typer.Typer(no_args_is_help=True, help="Run a worker.")
app.add_typer(worker_app, name="worker")

_ROOT = Path(__file__).resolve().parents[3]
_ACCEPTED_AT_ONCE = 32
"""uvloop accepts one connection per socket and turn of its loop. With one socket and long turns, a
thousand newcomers waited six seconds, and no 503 could reach them.
"""
_COLLECTED_AT = 10_000
"""Containers made and not yet gone: a page of a list is some hundreds (Python's own: 700)."""


_OPEN_FILES = 20_000


@app.command()
def api() -> None:
    """Serve the HTTP API."""
    import uvicorn

    from payymo_api.cli.server import Server
    from payymo_api.main import create_app

    settings = read_settings()
    check_reachable(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
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
    server = Server(config, app.state.streams.end_all)
    with config.bind_socket() as listener:
        sockets = [listener.dup() for _ in range(_ACCEPTED_AT_ONCE)]
    _spare_collector()
    with suppress(KeyboardInterrupt):
        server.run(sockets=sockets)
    if not server.started:
        raise typer.Exit(1)


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

    settings = read_settings()
    config = Config(str(_ROOT / "alembic.ini"))
    config.attributes["url"] = settings.database_url
    step = command.downgrade if revision == "base" else command.upgrade
    try:
        step(config, revision)
    except (OSError, SQLAlchemyError) as error:
        fail(f"PAYYMO_DATABASE_URL: the database can't be migrated: {first_line(error)}")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from payymo_api.main import create_app

    document = create_app(read_settings()).openapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _work(work: Callable[[Settings], Awaitable[None]]) -> None:
    """Run a worker until SIGTERM or SIGINT, which let its jobs end."""
    import uvloop

    settings = read_settings()

    async def run() -> None:
        working = asyncio.ensure_future(work(settings))
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, working.cancel)
        with suppress(asyncio.CancelledError):
            await working

    check_reachable(settings)
    _allow_open_files()
    _spare_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _allow_open_files() -> None:
    """Take what the system grants: a post in flight holds one, and 1,024 are the usual limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _spare_collector() -> None:
    """Leave what start-up made, which stays, out of later collections: each full one stopped all
    requests for up to 250 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AT)
