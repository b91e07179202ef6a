"""The connections to PostgreSQL: bounded in number, in time and in what they may do."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from payymo_api.core.settings import Settings

APP_ROLE = "payymo_app"


def create_engine(settings: Settings) -> AsyncEngine:
    """Return the engine; statements and locks time out so that nothing waits for ever."""
    arguments: dict[str, Any] = {
        "timeout": 5,
        "server_settings": {
            "application_name": "payymo",
            "role": APP_ROLE,
            "timezone": "UTC",
            "jit": "off",
            "statement_timeout": "60000",
            "lock_timeout": "15000",
            "idle_in_transaction_session_timeout": "60000",
        },
    }
    if not settings.database_statement_cache:
        arguments |= {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return create_async_engine(
        settings.async_database_url,
        pool_size=settings.database_pool,
        max_overflow=2,
        hide_parameters=True,  # an error that is logged must not carry a row's content
        connect_args=arguments,
    )
