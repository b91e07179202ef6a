"""Which troubles of the database pass by themselves: the same call may succeed later."""

import asyncpg
from sqlalchemy.exc import DBAPIError

from payymo_api.core.errors import Overloaded

_LOCKED_OUT = {"40P01", "55P03"}
"""Deadlock detected, lock not available: PostgreSQL has undone all of the transaction."""


class DatabaseUnavailable(Overloaded):
    code = "database_unavailable"
    title = "Our database can't be reached just now"


def passing_trouble(error: Exception) -> Overloaded | None:
    """Return what a caller is told, or None for a statement that will fail again."""
    if _state(error.orig if isinstance(error, DBAPIError) else error) in _LOCKED_OUT:
        return Overloaded("Others are at work on the same rows.", retry_after=1)
    if _is_outage(error):
        return DatabaseUnavailable("The database did not answer.", retry_after=2)
    return None


def _is_outage(error: Exception) -> bool:
    """Tell the server being away, shutting down or in recovery from a statement that failed."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _is_outage_state(error.orig)
    return isinstance(error, OSError | asyncpg.InterfaceError) or _is_outage_state(error)


def _is_outage_state(error: BaseException | None) -> bool:
    state = _state(error)
    return state[:2] in {"08", "53"} or state[:3] == "57P"


def _state(error: BaseException | None) -> str:
    return str(getattr(error, "sqlstate", None) or "")
