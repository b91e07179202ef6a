"""The parts that the HTTP app is made of, built once in `main` and read by dependencies."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.settings import Settings
from payymo_api.edge.caller import Callers
from payymo_api.edge.limits import RateLimits


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    database: Database
    keyring: Keyring
    callers: Callers
    limits: RateLimits


def parts(request: Request) -> Parts:
    found = request.app.state.parts
    assert isinstance(found, Parts)
    return found


async def _get_parts(request: Request) -> Parts:
    """Not to be called in a thread, which FastAPI does with plain functions."""
    return parts(request)


PartsDep = Annotated[Parts, Depends(_get_parts)]


async def _get_database(request: Request) -> Database:
    return parts(request).database


DatabaseDep = Annotated[Database, Depends(_get_database)]
